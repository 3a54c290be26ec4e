// Finds a statement's tokens by the server's own scanner.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

struct Piece {
    int begin;  // byte offsets of a token
    int end;
    bool literal;
    int parameter;  // its number; 0 none
};

// How a statement is scanned.
struct ScanHow {
    bool conforming;  // as with standard_conforming_strings on
    bool whole;       // beyond the text that will be kept, too
};

struct Scan {
    ScanHow how;
    Piece* pieces;  // in the current memory context
    int count;
    int room;
    int highest_parameter;
    Size literals;
    Size kept;      // bytes that the normalised text has at least
    YYLTYPE begun;  // in the text at hand: the token that was read last, or at which an error came
};

// Scans until the tokens surely cover the text that will be kept. Names that stand for a value
// (value_names.hpp) are literals. Raises what the scanner raises.
Scan ScanTokens(const char* statement, const ScanHow& how);

// Does the same for a statement of so many bytes, without reading long strings and comments as the
// scanner does: it takes as long for one of 1 MB as the statement's own parse. To be called in
// pg::InMemory().
Scan ScanLongStatement(const char* statement, int length, const ScanHow& how);

}  // namespace elile::capture

// Normalises a statement's text: literals become $n, comments are left out.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

struct QueryText {
    const char* text;  // in the current memory context; not terminated
    uint32 length;     // at most core::kMaxTextBytes, cut at a character's edge
    bool cut;
};

// Normalises the statement at `location` for `length` bytes of `source` (as PlannedStmt has them:
// -1 and 0 mean the whole string). The server's own scanner finds the literals, so whatever it
// takes for one is replaced, in utility statements too. They are numbered from the highest
// parameter in the text on. A text whose strings can be read in two ways is not shown. Leaves what
// it needed in the current memory context. Raises no error but out of memory.
QueryText NormaliseQuery(const char* source, int location, int length);

// Returns a number that is the same for all texts that differ in their literals, blanks, comments
// and case only; 0 where the text is not shown. Reads all of the text, and otherwise does as
// NormaliseQuery() does.
uint64 HashTokens(const char* source, int location, int length);

// A literal or a parameter of a statement.
struct Value {
    int begin;  // byte offsets in the source
    int end;
    int signed_begin;  // where a minus before it begins, else begin
    int number;
    bool is_literal;
};

struct Values {
    const Value* list;  // in the current memory context, in order
    int count;
    int highest;  // number

    // Returns the number of the value whose node in the statement's tree has this location, else 0.
    int NumberAt(int location) const;
};

// Returns no values when the text is not shown.
Values FindValues(const char* source, int location, int length);

}  // namespace elile::capture

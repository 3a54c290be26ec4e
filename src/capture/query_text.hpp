// A statement's text with its literals replaced by $n and its comments left out.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

struct QueryText {
    const char* text;  // in the current memory context; not terminated
    uint32 length;     // at most core::kMaxTextBytes, cut at a character's edge
    bool cut;
};

// The statement at `location` for `length` bytes of `source` (as PlannedStmt has them: -1 and 0
// mean the whole string). Literals are found by the server's own scanner, so whatever it takes for
// a literal is replaced, in utility statements too. They are numbered from the highest parameter
// in the text on. A text that does not scan, because a setting changed how strings are read since
// it was parsed, is not shown. Leaves what it needed in the current memory context; raises nothing
// but out of memory.
QueryText NormaliseQuery(const char* source, int location, int length);

// A literal or a parameter of a statement, and its number in the normalised text.
struct Value {
    int begin;  // byte offsets in the source
    int end;
    int signed_begin;  // of a minus before it, else begin
    int number;
    bool is_literal;
};

struct Values {
    const Value* list;  // in the current memory context, in order
    int count;
    int highest;  // number

    // The number of what a node of the statement's tree has this location of, else 0.
    int NumberAt(int location) const;
};

// None when the text does not scan.
Values FindValues(const char* source, int location, int length);

}  // namespace elile::capture

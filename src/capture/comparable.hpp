// Hashes values so that one key has one hash, whichever way it comes: as an integer of any width, a
// uuid in any case, text, a parameter of any of these types, or a literal in a text.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

enum class ValueKind : uint8 {
    kNone,  // it is no key: a number with a fraction, a document, a list
    kInt16,
    kInt32,
    kInt64,
    kOid,
    kUuid,
    kName,
    kText,
    kNumeric,
    kDate,
    kOtherByValue,  // comparable with its own type only
    kOtherBytes
};

// Looks at the catalogue for a type that is new to the session.
ValueKind KindOf(Oid type);

// Returns false for a value that is not comparable, as one that lies outside its row. Leaves
// nothing in the current memory context.
bool HashComparable(ValueKind kind, Oid type, Datum value, uint64* hash);

// Finds the whole numbers and uuids in a text, since a key may be part of one: a path, a link, a
// statement that is made of rows. Returns how many of them it has hashed, at most `room`.
uint32 HashKeysWithin(ValueKind kind, Datum value, uint64* hashes, uint32 room);

// Hashes a literal as the statement's text has it. Returns false for one with escapes.
bool HashLiteral(const char* literal, Size length, uint64* hash);

}  // namespace elile::capture

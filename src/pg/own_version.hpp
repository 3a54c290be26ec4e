// Whether the extension's SQL objects in this database and this library belong together.
//
// The library belongs to the server, from its start on. The objects belong to each database, until
// ALTER EXTENSION. So either may be newer, and declare what the other one does not expect.
#pragma once

#include <initializer_list>

#include "pg/postgres.hpp"

namespace elile::pg {

inline constexpr const char* kExtension = "elile_optimize";

// The extension as this database has it.
struct OwnExtension {
    Oid oid;  // InvalidOid: there is none
    Oid owner;
    Oid schema;
    const char* version;  // of its SQL objects; null where there is none
};

OwnExtension FindOwnExtension();

// The declaration that a function's code is written for.
struct Declaration {
    bool is_strict;  // without it the code looks for null arguments
    Oid result;      // kNamedRow: a row type that the declaration names
    std::initializer_list<Oid> arguments;
};

inline constexpr bool kStrict = true;
inline constexpr bool kTakesNull = false;
inline constexpr Oid kNamedRow = InvalidOid;

// Raises an error when the function that was called is declared otherwise. A row's columns are
// checked later, as each is written. Costs look-ups in the system cache.
void RequireDeclaration(FunctionCallInfo call, const Declaration& expected);

// Returns words for the function that was called, with its arguments' types.
const char* Described(FunctionCallInfo call);

// Raises the error for an object that is not as the library needs it; `difference` is a sentence on
// it.
[[noreturn]] void RaiseOtherVersion(const char* object, const char* difference);

// Return which versions the objects here and the library have, as a sentence, and what to do about
// it.
const char* VersionsHere();
const char* VersionHint();

// Raises an error when the extension's script that calls it is of a newer version than the library.
void RequireLibrary(const char* version);

}  // namespace elile::pg

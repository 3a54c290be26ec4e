// Whether the extension's SQL objects in this database and this library belong together.
//
// The library is the server's, from its start on; the objects are each database's, until ALTER
// EXTENSION. So either may be newer, and declare what the other one does not expect.
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

// An error when the function that was called is declared otherwise. What a row's columns are is not
// looked at here but as it is written. Costs look-ups in the system cache.
void RequireDeclaration(FunctionCallInfo call, const Declaration& expected);

// The function that was called, with its arguments' types.
const char* Described(FunctionCallInfo call);

// The error for an object that is not as the library needs it; `difference` is a sentence on it.
[[noreturn]] void RaiseOtherVersion(const char* object, const char* difference);

// Which versions the objects here and the library have, as a sentence, and what to do about it.
const char* VersionsHere();
const char* VersionHint();

// For the extension's scripts: an error when the script is of a newer version than the library.
void RequireLibrary(const char* version);

}  // namespace elile::pg

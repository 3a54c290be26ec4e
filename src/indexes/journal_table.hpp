// Finds the journal's table, on which privileged statements act and whose rows say as whom to
// build.
//
// The table is trusted for being a member of the extension, never for its name: a schema of this
// name may be anybody's.
#pragma once

#include "pg/postgres.hpp"

namespace elile::indexes {

enum class JournalState {
    kNone,  // the extension is not in this database
    kUsable,
    kUnsafe
};

struct JournalTable {
    JournalState state;
    Oid relid;           // set when usable, as is owner
    Oid owner;           // a superuser
    const char* reason;  // why it is unsafe, and what to do
    const char* hint;
};

// Locks the table as a writer until the transaction ends, and then checks it under the lock.
JournalTable LockJournal();

// Does what LockJournal() does and raises an error when the table is not usable.
JournalTable RequireJournal();

}  // namespace elile::indexes

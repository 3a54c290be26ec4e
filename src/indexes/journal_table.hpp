// The journal's table, which privileged statements act on and whose rows say as whom to build.
//
// It is trusted for being a member of the extension, never for its name: a schema of this name may
// be anybody's.
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
    Oid relid;           // this and the next when usable
    Oid owner;           // a superuser
    const char* reason;  // why it is unsafe, and what to do
    const char* hint;
};

// Locks the table as a writer until the transaction ends, and looks at it behind the lock.
JournalTable LockJournal();

// As LockJournal(), with an error for what is not usable.
JournalTable RequireJournal();

}  // namespace elile::indexes

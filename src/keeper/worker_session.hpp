// How the workers connect to a database.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// Connects as this role. Where it may not log in it can start no worker. Then the worker starts as
// the bootstrap superuser and takes on the role, from which there is no way back.
void ConnectAs(Oid dbid, Oid userid, bool may_log_in);

// Connects as pg_monitor, from which there is no way back, even where that role may not connect.
// The worker then acts as the role that each of its steps needs.
void ConnectAsMonitor(Oid dbid);

// DROP DATABASE, and CREATE DATABASE from a template, wait 5 s for others to leave the database.
constexpr int kLongestVisitMs = 2000;

// Connects as pg_monitor a worker that stays for a moment. Whatever it does is cancelled after
// kLongestVisitMs.
void Visit(Oid dbid);

// Whether the visit's time was over and its work was cancelled.
bool IsVisitOver();

// A worker calls this in PG_CATCH around a transaction of its own. It ends the error and the
// transaction, which no interrupt may disturb, and goes on in `context`. Returns the SQLSTATE.
int SwallowError(MemoryContext context);

// Whether a worker can start as the role. `exists` tells whether there still is such a role.
bool MayLogIn(Oid userid, bool* exists);

}  // namespace elile::keeper

// How the workers connect to a database.
#pragma once

#include "pg/postgres.hpp"

namespace elile::keeper {

// As this role. One that may not log in here can start no worker: then the worker starts as the
// bootstrap superuser and takes on the role, from which there is no way back.
void ConnectAs(Oid dbid, Oid userid, bool may_log_in);

// As pg_monitor, from which there is no way back, also where that role may not connect. Such a
// worker acts for sessions, or for the extension, as the one that it has to be at each step.
void ConnectAsMonitor(Oid dbid);

// DROP DATABASE, and CREATE DATABASE from a template, wait 5 s for others to leave.
constexpr int kLongestVisitMs = 2000;

// Connects a worker that stays for a moment, as pg_monitor. What it does then is cancelled after
// kLongestVisitMs.
void Visit(Oid dbid);

// Whether that has happened.
bool IsVisitOver();

// Whether a worker can start as the role.
bool MayLogIn(Oid userid, bool* exists);

}  // namespace elile::keeper

// How the workers connect to a database.
#pragma once

#include "keeper/database_jobs.hpp"
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

// Starts a worker that looks into a database for a moment, on a standby too. False when none can be
// had; else `handle` is the caller's to free.
bool StartVisitor(const DatabaseTask& task, BackgroundWorkerHandle** handle);

// Connects such a worker, as pg_monitor. What it does then is cancelled after kLongestVisitMs.
void Visit(Oid dbid);

// Whether that has happened.
bool IsVisitOver();

// Whether a worker can start as the role.
bool MayLogIn(Oid userid, bool* exists);

}  // namespace elile::keeper

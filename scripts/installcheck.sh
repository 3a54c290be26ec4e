#!/usr/bin/env bash
# What `make installcheck` needs before pg_regress runs: scripts/installcheck.sh BINDIR FOLDER. The server that the
# environment leads to must be one that the tests pass on; FOLDER gets the tests and what they should print.
set -euo pipefail
bin=$1 folder=$2
cd "$(dirname "$0")/.."

fail() {
    printf 'installcheck: %s\n' "$@" >&2
    exit 1
}

ask() { "$bin/psql" -X -w -At -d postgres -c "$1"; }

facts=$(ask "select current_setting('shared_preload_libraries'), current_user,
    (select rolsuper from pg_roles where rolname = current_user),
    (select count(*) from pg_available_extensions where name = 'elile_optimize')") ||
    fail "no server answers; PGHOST, PGPORT, PGUSER and PGPASSWORD lead to a server"
IFS='|' read -r libraries user superuser available <<<"$facts"

[[ $superuser == t && $user == postgres ]] ||
    fail "the tests run as the superuser postgres and this is the role $user: set PGUSER=postgres"
((available)) || fail "this server does not have the extension: make install, for the server's own PG_CONFIG"
[[ ,${libraries//[\" ]/}, == *,elile_optimize,* ]] ||
    fail "the library is not loaded; put this line into postgresql.conf, restart the server and try again:" \
        "    shared_preload_libraries = 'elile_optimize${libraries:+, $libraries}'"

# A test connects as a role that it has just made.
ask 'create role elile_installcheck login' >/dev/null
refused=$(PGUSER=elile_installcheck ask 'select' 2>&1 >/dev/null) || true
ask 'drop role elile_installcheck' >/dev/null
[[ -z $refused ]] || fail "the tests connect as roles without a password, which pg_hba.conf must trust:" "$refused"

# What applications report of their pools is kept as long as the server runs, and the tests fill that table. A file's
# time is told in whole seconds.
repeated=$(ask "select count(*) from pg_database where datname = 'contrib_regression'
    and (pg_stat_file('base/' || oid || '/PG_VERSION')).modification >= date_trunc('second', pg_postmaster_start_time())")
((!repeated)) || fail "the tests ran on this server already: restart it before they run again"

mkdir -p "$folder"
ln -sfn "$PWD/test/sql" "$folder/sql"
ln -sfn "$PWD/expected" "$folder/expected"

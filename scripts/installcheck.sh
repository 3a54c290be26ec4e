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

ask() { "$bin/psql" -X -At -d postgres -c "$1"; }

usage="PGHOST, PGPORT, PGUSER and PGPASSWORD lead to a server"
facts=$(ask "select current_setting('shared_preload_libraries'), current_user,
    (select rolsuper from pg_roles where rolname = current_user),
    (select count(*) from pg_available_extensions where name = 'elile_optimize')") ||
    fail "no server answers; $usage"
IFS='|' read -r libraries user superuser available <<<"$facts"

[[ $superuser == t && $user == postgres ]] ||
    fail "the tests run as the superuser postgres and this is the role $user: set PGUSER=postgres"
((available)) || fail "this server does not have the extension: make install, for the server's own PG_CONFIG"
[[ ,${libraries//[\" ]/}, == *,elile_optimize,* ]] ||
    fail "the library is not loaded; put this line into postgresql.conf, restart the server and try again:" \
        "    shared_preload_libraries = 'elile_optimize${libraries:+, $libraries}'"

mkdir -p "$folder"
ln -sfn "$PWD/test/sql" "$folder/sql"
ln -sfn "$PWD/expected" "$folder/expected"

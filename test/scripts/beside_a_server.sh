#!/usr/bin/env bash
# A server runs from an installation that has the extension, while the demo and a suite run against
# that installation: none of its files changes, and no client of the server notices.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

# Inode, owner, mode, size, and when any of it or of the contents changed.
list_files() { find "$tree" ! -type d -printf '%p %i %U %m %s %C@\n' | sort; }
hash_library() { sha256sum "$lib/elile_optimize.so" "$lib/elile_optimize_exporter"; }

has_no_links() { [[ -z $(find "$tree" -type l -print) ]]; }
has_changed_nothing() { diff "$scratch/files" <(list_files) && diff "$scratch/hash" <(hash_library); }
run_demo() { DURATION=1 SCALE=0.02 PG_CONFIG=$bin/pg_config timeout 600 scripts/demo.sh; }
run_suite() { PG_CONFIG=$bin/pg_config timeout 600 scripts/check.sh isolation; }

# One client stays connected and adds its executions, as long as nothing fails.
start_client() {
    echo 'insert into elile_client values (1);' >"$scratch/client.sql"
    run_psql -c 'create extension elile_optimize' -c 'create table elile_client (n int)' postgres >/dev/null 2>&1
    as_user "$bin/pgbench" -h "$scratch" -p "$port" -U postgres -n -c 1 -R 20 -T 3600 \
        -f "$scratch/client.sql" postgres >"$scratch/client.log" 2>&1 &
    client=$!
}

ask() { run_psql -At -c "$1" postgres; }
counted() { ask "select coalesce(sum(calls), 0) from elile_optimize.statements where table_name = 'elile_client'"; }

client_has_noticed_nothing() {
    kill -0 "$client" || { cat "$scratch/client.log"; return 1; }
    ! grep -iE 'error|aborted' "$scratch/client.log" || return
    [[ $(ask 'select pg_postmaster_start_time()') == "$started" ]] || return
    ! grep -E 'terminated by signal|PANIC|FATAL' "$data.log"
}

# The counts go on from where they were: the library that is mapped still works.
client_is_counted() {
    local before now try
    before=$(counted)
    for ((try = 0; try < 600; ++try)); do
        now=$(counted)
        ((now <= before)) || return 0
        sleep 0.1
    done
    echo "still $now executions"
    return 1
}

make_scratch
make_tree
# A server that things are built for has its headers beside it.
copy_files "$("$pg_config" --includedir-server)" "$("$bin/pg_config" --includedir-server)"
make -s install PG_CONFIG="$bin/pg_config" >/dev/null
start_server "log_connections = off"
start_client
started=$(ask 'select pg_postmaster_start_time()')
list_files >"$scratch/files"
hash_library >"$scratch/hash"
check "the private copy has no links" has_no_links
check "the client is counted" client_is_counted
check "the demo runs" run_demo
check "the demo leaves the installation as it was" has_changed_nothing
check "the demo disturbs no client" client_has_noticed_nothing
check "a suite runs" run_suite
check "the suite leaves the installation as it was" has_changed_nothing
check "the suite disturbs no client" client_has_noticed_nothing
check "the client is still counted" client_is_counted
exit "$failed"

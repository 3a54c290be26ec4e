#!/usr/bin/env bash
# make installcheck runs the SQL tests on a server that is there, and says what a server lacks for them.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

# Some of the tests are enough here: all of them run in their own suite.
installcheck() {
    PGHOST=$scratch PGPORT=$port PGUSER=${user:-postgres} make -s installcheck PG_CONFIG="$pg_config" \
        REGRESS="comments privileges sampling" EXTRA_REGRESS_OPTS="--outputdir=$scratch/out"
}
passes() {
    installcheck >"$scratch/said" || { cat "$scratch/said"; return 1; }
    cat "$scratch/said"
    grep -q 'All 3 tests passed' "$scratch/said"
}

# says WORDS: it fails, before any test runs, with these words.
says() {
    ! installcheck >"$scratch/said" 2>&1 || return
    cat "$scratch/said"
    grep -qF "$1" "$scratch/said" && ! grep -q '^test \|^ok ' "$scratch/said"
}

make_scratch
mkdir "$scratch/out"
make_tree
make_cluster data
start_cluster data "shared_preload_libraries = 'elile_optimize'"
check "the tests pass on an installed server" passes
check "a second run asks for a restart" says "restart it before they run again"
run_psql -c "create role stranger superuser login" postgres
user=stranger check "another role is refused" says "PGUSER=postgres"
as_user "$bin/pg_ctl" -D "$data" -m fast -w -s stop
check "no server is said" says "no server answers"
start_cluster data "shared_preload_libraries = ''"
check "a library that is not loaded is said" says "shared_preload_libraries = 'elile_optimize'"
exit "$failed"

#!/usr/bin/env bash
# Each bench is built and runs, for about a second a measurement, and leaves the documents' figures alone.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh
unset MAKEFLAGS MFLAGS MAKELEVEL
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
hash_documents() { sha256sum README.md docs/*.md docs/*.svg; }
hash_documents >"$scratch/documents"

# prints PATTERN COMMAND...: the command succeeds, and a line of what it prints matches.
prints() {
    local pattern=$1
    shift
    TRY=1 "$@" 2>&1 | tee "$scratch/said" || return
    grep -qE "$pattern" "$scratch/said"
}

check "make bench" prints '^\| ReadEntryWithThreeQuantiles' make -s bench
check "bench/index_builds.sh" prints '^plain script 1 .* [1-9][0-9]* transactions, 0 failed$' bench/index_builds.sh
check "bench/index_plans.sh" prints '^\| two hops \|' bench/index_plans.sh
check "bench/busy.sh" prints '^ +20 scrape ok$' bench/busy.sh
check "bench/scale.sh" prints '^\| ns a statement, to the bare server +\| elile_optimize ' bench/scale.sh
check "bench/pools.sh" prints '^\| computing ' bench/pools.sh
check "the documents' figures are as they were" diff "$scratch/documents" <(hash_documents)
exit "$failed"

#!/usr/bin/env bash
# Shows which lines and branches of the core the unit tests and the explorer reach, by file: SECONDS=N scripts/coverage.sh,
# where the explorer takes a minute by default. The table is left in build/coverage/table.md too.
set -euo pipefail
# What was given is read at once, for bash counts it on.
seconds=$SECONDS
((seconds > 0)) || seconds=60
cd "$(dirname "$0")/.."
scripts/setup.sh coverage
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/tests.sh
source scripts/tests.sh
out=$root/build/coverage
# Without optimising, so that each line has code of its own. Threads count together.
flags=(-O0 --coverage -fprofile-update=atomic)

# run NAME COMMAND...: what it reached counts, also where a test has failed.
run() {
    local name=$1 status=0
    shift
    say "$name"
    "$@" >"$out/$name.log" 2>&1 || status=$?
    if ((status != 0)); then
        failed=$((failed + 1))
        cat "$out/$name.log" >&2
    fi
}

# read_counts NAME: what gcov says of each object, one a line.
read_counts() {
    (cd "$out" && find "$1" -name '*.gcda' -print0 | sort -z | xargs -0 "${GCOV:-gcov}" --json-format --stdout --branch-probabilities) \
        >"$out/$1.json"
}

say "building"
mkdir -p "$out"
build_unit_tests "$out/unit" "${flags[@]}"
rm -rf "$out/explorer"
# Functions in headers that nobody calls have code here, and so are seen.
make -s -f test/explore/Makefile -j"$(nproc)" CXX="$cxx" OUT="$out/explorer" FLAGS="${flags[*]} -fkeep-inline-functions"
run unit "$out/unit/run"
run explorer "$out/explorer/run" "$seconds"
read_counts unit
read_counts explorer
/usr/bin/python3 scripts/coverage.py "$out/unit.json" "$out/explorer.json" | tee "$out/table.md"
((failed == 0))

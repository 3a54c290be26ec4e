#!/usr/bin/env bash
# The explorer finds no order that fails, and finds one in each mutant of the core: a fault that its patch puts in.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The objects come along, with their times, so that only what a patch touches is built again.
copy_tree() {
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree/src" "$scratch/tree/test" "$scratch/tree/build"
    cp -a src/core "$scratch/tree/src/"
    cp -a test/explore test/unit "$scratch/tree/test/"
    cp -a build/explore "$scratch/tree/build/"
}

no_order_fails() { SECONDS=30 scripts/explore.sh; }

# finds PATCH: in the case that the patch names. An order in which the mutant crashes is found too.
finds() {
    local case_name status=0
    case_name=$(sed -n 's/^Found by: //p' "$1")
    copy_tree
    (cd "$scratch/tree" && git apply -p1 "$OLDPWD/$1") || return
    make -C "$scratch/tree" -f test/explore/Makefile -s -j"$(nproc)" OUT=build/explore || return
    "$scratch/tree/build/explore/run" 180 "$case_name" >"$scratch/found" || status=$?
    cat "$scratch/found"
    grep -q '^not ok' "$scratch/found" || ((status > 128))
}

check "no order fails" no_order_fails
for patch in test/explore/mutants/*.patch; do
    check "found: $(sed -n 1p "$patch")" finds "$patch"
done
exit "$failed"

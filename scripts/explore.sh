#!/usr/bin/env bash
# Takes the lock-free core through many orders of its steps: SECONDS=N scripts/explore.sh [CASE [SEED]], for a minute
# by default. With a seed it repeats one order. It ends with the figures.
set -euo pipefail
# What was given is read at once, for bash counts it on.
seconds=$SECONDS
((seconds > 0)) || seconds=60
cd "$(dirname "$0")/.."
scripts/setup.sh build
out=build/explore
mkdir -p "$out"
make -f test/explore/Makefile -j"$(nproc)" OUT="$out" >"$out/build.log" 2>&1 || {
    cat "$out/build.log" >&2
    exit 1
}
exec "$out/run" "$seconds" "$@"

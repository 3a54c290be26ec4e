#!/usr/bin/env bash
# The archive for PGXN, of what is committed: scripts/dist.sh [FOLDER], by default the checkout's.
set -euo pipefail
target=$(realpath "${1:-$(dirname "$0")/..}")
cd "$(dirname "$0")/.."

fail() {
    echo "dist: $1" >&2
    exit 1
}

# A line of META.json's own, two levels in: `provides` has versions further in.
version=$(sed -nE 's/^ {4}"version": "([^"]+)",?$/\1/p' META.json)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "META.json has no version"
[[ $(git rev-parse --show-toplevel 2>/dev/null) == "$PWD" ]] ||
    fail "this is no checkout of git's, or one that its user may not read: the archive has what is committed"
[[ -z $(git status --porcelain) ]] || echo "dist: what is not committed is not in the archive" >&2

name=elile_optimize-$version
git archive --format=zip --prefix="$name/" -o "$target/$name.zip" HEAD
echo "$target/$name.zip"

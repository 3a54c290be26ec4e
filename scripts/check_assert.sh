#!/usr/bin/env bash
# Runs tests on a server with assertions, none of which may fail: scripts/check_assert.sh [SUITE ...], the suites
# of check.sh; without a word, those that have a server. It ends with 3 where no such server is to be had.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/chroot.sh
source scripts/chroot.sh
suites=("$@")
((${#suites[@]})) || suites=(regress isolation tap core)
status=0
PG_CONFIG=$(scripts/assert_server.sh) || status=$?
if ((status != 0)); then
    echo "check-assert: nothing was run, for there is no server with assertions" >&2
    exit "$status"
fi
export PG_CONFIG

# Objects are of one server's headers, so this one's have a folder of their own, where they last.
copy=build/assert-server/extension
copy_checkout "$copy"
# The exporter has none of the server's, and what it is made of is newer than its sources.
for folder in exporter programs; do
    [[ ! -d build/$folder ]] || { mkdir -p "$copy/build" && cp -rpu "build/$folder" "$copy/build/"; }
done
exec "$copy/scripts/check.sh" "${suites[@]}"

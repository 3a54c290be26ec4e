#!/usr/bin/env bash
# The archive that `make dist` makes has all that is committed and nothing else, says of itself what PGXN's
# specification wants, and what is built from it alone is installed where it should be.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
failed=0

# check NAME COMMAND...: what the command prints is shown only when it fails.
check() {
    local name=$1
    shift
    if "$@" >"$scratch/check.log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/# /' "$scratch/check.log"
        failed=1
    fi
}

# Each is one fault in a META.json that is right otherwise.
faults=(
    's/"name": "elile_optimize"/"name": "elile optimize"/'
    's/"license": "postgresql"/"license": "mine"/'
    's/"PostgreSQL": "15.0.0"/"PostgreSQL": "15"/'
    's/"release_status": ".*"/"release_status": "soon"/'
    's/"tags"/"words"/'
    's/"abstract": .*//'
    's/^( {12}"version": ")[^"]*/\11.1/'
    's/^( {12}"version": ")[^"]*/\19.9.9/'
    's/"docfile": ".*"/"docfile": "none.md"/'
    's/"runtime"/"sometimes"/'
    's/^\}//'
)

finds_faults() {
    local folder=$scratch/faulty fault
    mkdir -p "$folder/sql"
    cp elile_optimize.control README.md "$folder/"
    cp sql/*.sql "$folder/sql/"
    for fault in "${faults[@]}"; do
        sed -E "$fault" META.json >"$folder/META.json"
        ! cmp -s META.json "$folder/META.json" || { echo "changes nothing: $fault"; return 1; }
        ! scripts/check_meta.pl "$folder" || { echo "is not found: $fault"; return 1; }
    done
}

makes_archive() {
    archive=$(scripts/dist.sh "$scratch")
    name=$(basename "$archive" .zip)
    [[ $name =~ ^elile_optimize-[0-9]+\.[0-9]+\.[0-9]+$ ]] && unzip -q "$archive" -d "$scratch"
}

has_what_is_committed() {
    diff <(git ls-tree -r --name-only HEAD | sort) <(cd "$scratch/$name" && find . ! -type d | sed 's,^\./,,' | sort) &&
        [[ $(cd "$scratch" && unzip -Z1 "$archive" | cut -d / -f 1 | sort -u) == "$name" ]]
}

# The checkout's objects are taken along where its sources are those of the archive: with them go the names of the
# headers, so that what the archive lacks is missed nevertheless, and only then compiled.
builds() {
    local folder=$scratch/$name
    if git diff --quiet HEAD -- src Makefile; then
        find src build/exporter -name '*.[od]' -print0 2>/dev/null |
            tar -c --null -T - | tar -C "$folder" -x -m --no-same-owner
    fi
    make -s -C "$folder" -j"$(nproc)" PG_CONFIG="$pg_config" all
}

# Every file of it, and no other one.
installs() {
    local sources script
    sources=$("$pg_config" --sharedir)/extension
    make -s -C "$scratch/$name" PG_CONFIG="$pg_config" DESTDIR="$scratch/installed" install || return
    diff <(printf '%s\n' "$("$pg_config" --pkglibdir)"/elile_optimize{.so,_exporter} "$sources/elile_optimize.control" \
        "$(cd sql && for script in *.sql; do echo "$sources/$script"; done)" | sort) \
        <(cd "$scratch/installed" && find . -type f | sed 's/^\.//' | sort)
}

make_scratch
check "META.json is by the specification" scripts/check_meta.pl .
check "a META.json that is not is refused" finds_faults
if ! command -v unzip >/dev/null || ! git rev-parse HEAD >/dev/null 2>&1; then
    echo "# the archive is not tried: that takes unzip and a checkout of git's"
    exit "$failed"
fi
check "an archive is made" makes_archive
check "it has what is committed, in a folder of its name" has_what_is_committed
check "it is built" builds
check "it is installed" installs
exit "$failed"

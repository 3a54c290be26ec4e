#!/usr/bin/env bash
# Builds, once, the server that PG_CONFIG means with assertions on, and prints its pg_config's path.
# usage: scripts/assert_server.sh [ARCHIVE|DIRECTORY]: PostgreSQL's source; without it, from the distribution.
# FOR=memory builds one that tells valgrind of its memory instead, in build/memory-server.
# It ends with 3 where no source is to be had.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
given=${1:-${ASSERT_SOURCE:-}}
purpose=${FOR:-assert}
home=$root/build/$purpose-server
options=(--enable-cassert CFLAGS='-O1 -g -fno-omit-frame-pointer')
[[ $purpose != memory ]] || options=(CFLAGS='-O1 -g -fno-omit-frame-pointer -DUSE_VALGRIND')
pg_config=$(scripts/pg_config.sh)
scratch=

say() { printf '%s server: %s\n' "$purpose" "$*" >&2; }
no_source() {
    say "$*"
    exit 3
}

# A machine's own lists and sources stay as they are: apt gets a configuration of its own.
source_apt() {
    local program=$1
    shift
    "$program" -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$scratch/lists" -o Dir::Cache="$scratch/cache" -o APT::Sandbox::User=root "$@"
}

# The mirrors that the machine's packages come from also have the sources.
list_sources() {
    mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
    # shellcheck disable=SC2016 # apt expands these
    apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
        awk '$5 == "Debian" || $5 == "Ubuntu" { print $1, $2, $3, $4 }' | sort -u >"$scratch/sources.list"
    [[ -s $scratch/sources.list ]] && source_apt apt-get -qq update
}

# Downloads the wanted version's source, or the newest of its major version that is there.
download() {
    local package=postgresql-$major candidate candidates
    list_sources >"$scratch/log" 2>&1 || { tail -n 3 "$scratch/log" >&2; no_source "no list of sources to be had"; }
    candidates=$(source_apt apt-cache showsrc "$package" 2>/dev/null | sed -n 's/^Version: //p' | sort -Vru)
    for candidate in $({ grep "^$version-" <<<"$candidates" || true; echo "$candidates"; } | awk '!seen[$0]++'); do
        if (cd "$scratch" && source_apt apt-get -qq --download-only source "$package=$candidate") \
            >"$scratch/log" 2>&1; then
            archive=$(echo "$scratch/${package}"_*.orig.tar.*)
            return 0
        fi
        say "the source of $package $candidate is not to be had"
    done
    no_source "no source of PostgreSQL $major is to be had; give the path of one"
}

version=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9.a-z]*\).*/\1/')
major=${version%%[!0-9]*}
built=$home/$(cat "$home/built-for-$version" 2>/dev/null || true)
if [[ ! -f $built/complete ]]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    archive=$given
    [[ -n $archive ]] || download
    scripts/setup.sh assert
    [[ $purpose != memory ]] || scripts/setup.sh memory
    built=$(scripts/source_server.sh "$home" "$major" "$archive" --enable-debug "${options[@]}")
    built=${built%/bin/pg_config}
    found=${built##*/postgresql-}
    [[ $found == "$version" ]] || say "the installed server is $version, the source $found"
    echo "${built##*/}" >"$home/built-for-$version"
fi
echo "$built/bin/pg_config"

#!/usr/bin/env bash
# The layer check passes, and refuses each include that would turn the flow of data round.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/scripts"
cp scripts/check_layers.sh "$scratch/scripts/"
copy_sources() {
    rm -rf "$scratch/src"
    find src -name '*.[ch]pp' -exec cp --parents -t "$scratch" {} +
}

# refuses FILE HEADER: the check names the file's line once that includes the header.
refuses() {
    copy_sources
    mkdir -p "$scratch/src/${1%/*}"
    echo "#include \"$2\"" >>"$scratch/src/$1"
    ! "$scratch/scripts/check_layers.sh" 2>"$scratch/said" || return
    cat "$scratch/said"
    grep -q "^layers: ${3:-$1:}" "$scratch/said"
}

# refuses_line FILE LINE: the check names the file's line once that is there.
refuses_line() {
    copy_sources
    echo "$2" >>"$scratch/src/$1"
    ! "$scratch/scripts/check_layers.sh" 2>"$scratch/said" || return
    cat "$scratch/said"
    grep -q "^layers: $1:" "$scratch/said"
}

copy_sources
check "the sources pass" "$scratch/scripts/check_layers.sh"
check "the server's layer knows no store" refuses pg/settings.cpp store/shared_store.hpp
check "the core knows no server" refuses core/segment.cpp pg/clock.hpp
check "nobody but one header knows the server's own" refuses store/shared_store.cpp postgres.h "./store/shared_store.cpp:"
check "pools know nothing of statements" refuses core/pools/watch.cpp core/statements/tally.hpp
check "what is shared knows no room" refuses core/shared/text_pool.cpp core/indexes/set.hpp
check "the exporter knows no server" refuses exporter/server.cpp pg/clock.hpp
check "functions know no capture" refuses sql_functions/pool.cpp capture/hooks.hpp
check "the segment names no part's header" refuses core/segment.hpp core/shared/text_pool.hpp
check "the store's header names no part's header" refuses store/shared_store.hpp core/statements/store.hpp
check "no header has all parts" refuses capture/running.hpp core/segment_parts.hpp
check "an atomic goes by the one seam" refuses_line core/pools/watch.hpp "std::atomic<int> a;"
check "a fence goes by the one seam" refuses_line core/pools/watch.hpp "std::atomic_thread_fence(x);"
check "a folder without a line is refused" refuses core/new/file.cpp core/version.hpp core/new
exit "$failed"

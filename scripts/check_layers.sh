#!/usr/bin/env bash
# Who may include whom: data flows one way, and the core sees no server header. Each folder has a line here.
set -euo pipefail
cd "$(dirname "$0")/../src"
bad=0
known=()

# allow FOLDER FOLDER...: its files may include those of its own folder and of the others.
allow() {
    local folder=$1 allowed line
    known+=("$folder")
    allowed=$(IFS='|'; echo "$*")
    while IFS= read -r line; do
        echo "layers: $line: $folder may include only: $allowed" >&2
        bad=1
    done < <(grep -nE '^ *#include "[^"]*\.hpp"' "$folder"/*.[ch]pp | grep -vE "#include \"($allowed)(/[^/]*)?\"" |
        grep -v '^core/shared/atomics\.hpp:.*"explore/atomic\.hpp"')
}

core=(core core/{shared,statements,n_plus_one,pools,indexes,failures,saved,snapshot})
allow core "${core[@]:1}"
allow core/shared
allow core/statements core/segment.hpp core/shared
allow core/n_plus_one core/statements core/shared
allow core/pools core/shared
allow core/indexes core/shared
allow core/failures core/shared
allow core/snapshot core/segment.hpp core/statements core/n_plus_one core/pools core/shared
allow core/saved core/segment.hpp core/limits.hpp core/statements core/n_plus_one core/pools core/indexes core/failures core/snapshot core/shared
allow pg "${core[@]}"
allow store pg "${core[@]}"
allow exporter "${core[@]}"
allow indexes store pg "${core[@]}"
allow n_plus_one store pg "${core[@]}"
allow capture n_plus_one store pg "${core[@]}"
allow keeper capture indexes store pg "${core[@]}"
allow saver keeper store pg "${core[@]}"
allow sql_functions indexes n_plus_one store pg "${core[@]}"
while IFS= read -r folder; do
    if [[ " ${known[*]} " != *" $folder "* ]]; then
        echo "layers: $folder has no line in this check" >&2
        bad=1
    fi
done < <(find . -mindepth 2 -name '*.[ch]pp' -printf '%h\n' | sed 's|^\./||' | sort -u)
while IFS= read -r line; do
    echo "layers: $line: only pg/postgres.hpp includes the server's headers" >&2
    bad=1
done < <(grep -n 'postgres\.h"' -r . --include='*.[ch]pp' | grep -v '^\./pg/postgres\.hpp:')
# A header that has all parts would have each file behind it compiled again with any of them.
while IFS= read -r line; do
    echo "layers: $line: only files that make or map a segment include all parts" >&2
    bad=1
done < <(grep -rnE '^ *#include "core/[^"]*\.hpp"' --include='*.hpp' . | sed 's|^\./||' |
    grep -E '"core/segment_parts\.hpp"|^(core/segment|store/shared_store)\.hpp:.*/[a-z_]+/' | grep -v '"core/shared/part\.hpp"')
# The explorer puts its own in their place.
while IFS= read -r line; do
    echo "layers: $line: only core/shared/atomics.hpp names the atomics of the standard library" >&2
    bad=1
done < <(grep -rnE 'std::atomic(<|_)|<atomic>' core --include='*.[ch]pp' | grep -v '^core/shared/atomics\.hpp:')
while read -r lines file; do
    if [[ $file != total ]] && ((lines > 450)); then
        echo "layers: $file has $lines lines, more than 450" >&2
        bad=1
    fi
done < <(find . -name '*.[ch]pp' -exec wc -l {} +)
exit "$bad"

#!/usr/bin/env bash
# Who may include whom: data flows one way, and the core sees no server header.
set -euo pipefail
cd "$(dirname "$0")/../src"
bad=0
allow() {
    local folder=$1 allowed=$2 line
    while IFS= read -r line; do
        echo "layers: $line: $folder may include only: $allowed" >&2
        bad=1
    done < <(grep -nE '^ *#include "' -r "$folder" --include=*.hpp --include=*.cpp |
        grep -vE "#include \"($allowed)/")
}
allow core 'core'
allow store 'store|pg|core'
allow exporter 'exporter|core'
allow indexes 'indexes|store|pg|core'
allow n_plus_one 'n_plus_one|store|pg|core'
allow capture 'capture|n_plus_one|store|pg|core'
allow keeper 'keeper|capture|indexes|store|pg|core'
allow sql_functions 'sql_functions|indexes|n_plus_one|store|pg|core'
while IFS= read -r line; do
    echo "layers: $line: only pg/postgres.hpp includes the server's headers" >&2
    bad=1
done < <(grep -n 'postgres\.h"' -r . | grep -v '^\./pg/postgres\.hpp:')
while read -r lines file; do
    if [[ $file != total ]] && ((lines > 450)); then
        echo "layers: $file has $lines lines, more than 450" >&2
        bad=1
    fi
done < <(find . -name '*.[ch]pp' -exec wc -l {} +)
exit "$bad"

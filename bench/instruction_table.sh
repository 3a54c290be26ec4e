#!/usr/bin/env bash
# Prints the instructions of a statement on the server that PG_CONFIG means, and those that each configuration of
# servers.sh adds: bench/instruction_table.sh [CONFIGURATION ...]. Its lines are CONFIGURATION SIMPLE PREPARED NESTED.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
command -v valgrind >/dev/null || { echo "there is no valgrind: apt-get install valgrind" >&2; exit 1; }
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
for part in servers instructions; do
    # shellcheck source=/dev/null
    source "bench/$part.sh"
done
# shellcheck disable=SC2034 # make_base takes it
scale=1
compared=("$@")
((${#compared[@]})) || compared=(query_ids elile_optimize pg_stat_statements)

# record MEASURE CONFIGURATION ROUND VALUE
record() { printf '%s\t%s\n' "$2" "$4" >>"$scratch/figures"; }
progress() { printf '[%3d s] %s %d of %d: %s\n' "$SECONDS" "$1" "$2" "$3" "$4" >&2; }

build
make_scratch
make_tree
make_base
measure_instructions instructions bare "${compared[@]}"
awk -F '\t' '
    !($1 in count) { order[++configurations] = $1 }
    { figure[$1, count[$1]++] = $2 }
    END {
        for (at = 1; at <= configurations; ++at) {
            name = order[at]
            printf "%s", name
            for (shape = 0; shape < 3; ++shape)
                printf(name == "bare" ? "\t%d" : "\t%+d", figure[name, shape] - (name == "bare" ? 0 : figure["bare", shape]))
            print ""
        }
    }' "$scratch/figures"

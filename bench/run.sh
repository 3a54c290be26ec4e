#!/usr/bin/env bash
# Measures what elile_optimize costs beside what its peers cost, and prints a table of ratios.
# A full run rewrites the figures of docs/performance.md and README.md; QUICK=1 takes five minutes,
# leaves them alone, and has fewer rounds and peers. TRY=1 only shows that all of it runs.
# shellcheck disable=SC2034 # the parts that are sourced use them
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh bench
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
for part in servers instructions throughput readers exporter; do
    # shellcheck source=/dev/null
    source "bench/$part.sh"
done

cores=$(nproc)
scale=1
shapes=100000
client_counts=(1 "$cores" "$((4 * cores))")
known_rounds=80 scrapes=20 core_rounds=5 core_seconds=0.2
if [[ -n ${TRY:-} ]]; then
    QUICK=1
    peers=(pg_stat_statements)
    rounds=1 seconds=1 churn_rounds=1 reader_seconds=1
    nested_statements=5000 memory_statements=5000 shapes=1000 known_rounds=1 scrapes=1 core_rounds=2 core_seconds=0.01
    client_counts=("$cores")
    shapes_counted=(simple)
    few_look_ups=10 many_look_ups=20
elif [[ -n ${QUICK:-} ]]; then
    peers=(pg_stat_statements)
    rounds=3 seconds=2 churn_rounds=1 reader_seconds=2
    nested_statements=500000 memory_statements=200000
    client_counts=("$cores" "$((4 * cores))")
else
    peers=(pg_stat_statements auto_explain pg_stat_kcache pg_qualstats)
    rounds=10 seconds=3 churn_rounds=12 reader_seconds=6
    nested_statements=500000 memory_statements=1000000
fi
results=$root/build/bench
mkdir -p "$results"
: >"$results/results.tsv"

# record MEASURE CONFIGURATION ROUND VALUE
record() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$results/results.tsv"; }
progress() {
    printf '[%3d s] %s %d of %d: %s\n' "$SECONDS" "$1" "$2" "$3" "$4" >&2
}

describe_machine() {
    printf 'date\t%s\n' "$(date -u +%Y-%m-%d)"
    printf 'processor\t%s, %s used\n' \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$cores"
    printf 'system\t%s, Linux %s\n' \
        "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(uname -r)"
    printf 'server\t%s\n' "$("$bin/postgres" --version)"
    printf 'compiler\t%s\n' "$(g++ --version | head -n 1)"
    printf 'quick\t%s\n' "${QUICK:-}"
}

run_core() {
    local compiler
    read -ra compiler <<<"${CXX:-g++}"
    say "the store alone"
    "${compiler[@]}" -std=c++20 -O2 -Wall -Wextra -Wshadow -Werror -Isrc bench/store_benchmark.cpp \
        build/exporter/core/*.o build/exporter/core/*/*.o -lbenchmark -lpthread -o "$results/store_benchmark"
    "$results/store_benchmark" --benchmark_repetitions="$core_rounds" --benchmark_min_time="$core_seconds" \
        --benchmark_report_aggregates_only=true --benchmark_format=csv \
        2>/dev/null >"$results/store.csv"
}

build
make_scratch
make_tree
describe_machine >"$results/machine.tsv"
run_core
add_peers
compared=(bare elile_optimize "${peers[@]}")
counted=(bare query_ids elile_optimize "${peers[@]}")
counted_slow=(bare elile_optimize_slow auto_explain_slow)
[[ -z ${TRY:-} ]] || counted=(bare elile_optimize) counted_slow=(bare elile_optimize_slow)
make_base
measure_instructions instructions "${counted[@]}"
measure_instructions "slow instructions" "${counted_slow[@]}"
start_servers "${compared[@]}"
measure_nested "${compared[@]}"
measure_select_only "${compared[@]}"
measure_many_statements bare elile_optimize pg_stat_statements
measure_churn bare elile_optimize pg_stat_statements
measure_reading
measure_writers_beside_reader
measure_memory
measure_scrapes
bench/report.py "$results" ${QUICK:+--quick}

#!/usr/bin/env bash
# What clients of the exporter get while the keeper is stopped and continued at random: bench/busy.sh [TABLES...]
# For each number of tables, with three operations each, so many health checks and scrapes by so many clients at once:
# HEALTHS=100000 SCRAPES=10000 CLIENTS=16. Prints the answers, the processor time of one, bytes and the exporter's
# memory; a wrong answer is a failure. An hour or more; TRY=1 only shows that it runs.
# shellcheck disable=SC2154 # scratch is of lib.sh
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh bench
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
healths=${HEALTHS:-100000}
scrapes=${SCRAPES:-10000}
clients=${CLIENTS:-16}
tables=("$@")
((${#tables[@]})) || tables=(200 2000 10000)
if [[ -n ${TRY:-} ]]; then
    healths=50 scrapes=20 clients=4 tables=(20)
fi

operations=(select insert update)

# start_filled TABLES: a server whose sample has all of them.
start_filled() {
    local list
    printf -v list "'%s'," "${operations[@]}"
    make_cluster "tables$1"
    pick_port metrics_port
    start_cluster "tables$1" "shared_preload_libraries = 'elile_optimize'" \
        "elile_optimize.max_tables = 20000" "elile_optimize.metrics_max_tables = $1" \
        "elile_optimize.metrics_port = $metrics_port"
    run_psql -c 'create extension elile_optimize'
    run_psql -o /dev/null -c "select count(elile_optimize.record_db_query(operation, 'table_' || n, random() * 0.5))
        from generate_series(1, $1) n, unnest(array[${list%,}]) operation, generate_series(1, 3)"
}

# The wrong answers of each number of tables make the bench fail at its end.
measure() {
    local status=0
    start_filled "$1"
    as_user env PYTHONDONTWRITEBYTECODE=1 python3 "$root/bench/busy.py" "$metrics_port" "$(head -n 1 "$data/postmaster.pid")" \
        "$(($1 * ${#operations[@]}))" "$healths" "$scrapes" "$clients" || status=$?
    as_user "$bin/pg_ctl" -D "$data" -m immediate -w -s stop
    return "$status"
}

build
make_scratch
make_tree
failed=0
for number in "${tables[@]}"; do
    say "$number tables, $healths health checks and $scrapes scrapes by $clients clients"
    measure "$number" || failed=1
done
exit "$failed"

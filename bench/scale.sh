#!/usr/bin/env bash
# What grows with the number of statements, tables and sessions, beside pg_stat_statements where it has the like:
# bench/scale.sh [STATEMENTS [TABLES [SESSIONS [WORKING-SETS]]]], each a list of numbers in one word, '' for none. A
# quarter of an hour; without a word it writes the tables and plots of docs/performance.md. TRY=1 only shows that it runs.
#
# All times are processor time of the process that does the work, so a busy machine makes none of them longer.
# shellcheck disable=SC2016,SC2034,SC2154 # the parts that are sourced use them; a shell of psql's expands
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh bench
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
for part in servers throughput exporter; do
    # shellcheck source=/dev/null
    source "bench/$part.sh"
done

only_print=${1+--print}
statement_counts=${1-1000 5000 20000 100000}
table_counts=${2-100 1000 10000}
session_counts=${3-1 50 500}
working_sets=${4-4000 5000 20000}
scale=1 runs=10 rounds=12 passes=2 seconds=10 health_checks=200 scrapes=10
if [[ -n ${TRY:-} ]]; then
    only_print=--print
    statement_counts='100 200' table_counts='10 20' session_counts='1 5' working_sets=50
    runs=1 rounds=1 passes=1 seconds=0.2 health_checks=5 scrapes=1
fi
results=$root/build/bench-scale
mkdir -p "$results"
: >"$results/results.tsv"

# record SECTION COUNT MEASURE WHO VALUE
record() { printf '%s\t%s\t%s\t%s\t%s\n' "$@" | tee -a "$results/results.tsv" >&2; }

# start NAME CONFIGURATION-LINE...: a server over a copy of the base, with the extension of that name.
start() {
    local name=$1
    shift
    as_user cp -a "$scratch/single" "$scratch/$name"
    start_cluster "$name" "${settings[$name]}" "log_min_messages = error" "$@"
    ports["$name"]=$port
    [[ $name == bare ]] || sql_on "$name" -c "create extension $name" >/dev/null 2>&1
}
end() {
    as_user "$bin/pg_ctl" -D "$scratch/$1" -m fast -w -s stop
    rm -rf "${scratch:?}/$1"
}

# processor_ns PROCESS: of all its threads.
processor_ns() { cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }

# spent_ms PROCESS TIMES COMMAND...: the processor time of the process for each time that the command is run.
spent_ms() {
    local process=$1 times=$2 before turn
    shift 2
    "$@" >/dev/null
    before=$(processor_ns "$process")
    for ((turn = 0; turn < times; ++turn)); do "$@" >/dev/null; done
    awk -v ns="$(($(processor_ns "$process") - before))" -v times="$times" 'BEGIN { printf "%.3f", ns / times / 1e6 }'
}

# share_of PROCESS: in percent of a processor.
share_of() {
    local before
    before=$(processor_ns "$1")
    sleep "$seconds"
    awk -v ns="$(($(processor_ns "$1") - before))" -v seconds="$seconds" 'BEGIN { printf "%.2f", ns / seconds / 1e7 }'
}

# in_session NAME LINE...: what psql runs in one session, where the line "clock" notes the session's processor time; prints
# the difference of the two notes in ns.
in_session() {
    local name=$1
    shift
    {
        printf '%s\n' 'select pg_backend_pid() as process \gset' '\setenv PROCESS :process'
        printf '%s\n' "$@" | sed 's|^clock$|\\! cat /proc/$PROCESS/schedstat|'
    } | sql_on "$name" -o /dev/null | awk '{ ns[NR] = $1 } END { printf "%.0f\n", ns[2] - ns[1] }'
}

# query_ms NAME QUERY: all that the server does for a reader, but for sending the rows.
query_ms() {
    local query="copy ($2) to '/dev/null';" all=() turn
    for ((turn = 0; turn < runs; ++turn)); do all+=("$query"); done
    awk -v ns="$(in_session "$1" "$query" clock "${all[@]}" clock)" -v runs="$runs" 'BEGIN { printf "%.3f", ns / runs / 1e6 }'
}

# measure_metrics SECTION COUNT: what the keeper and the exporter take when nothing happens, and for a request.
measure_metrics() {
    local keeper exporter
    start_exporter
    keeper=$(keeper_process)
    exporter=$(children_of "$keeper")
    sleep 2 # a sample is taken each second
    record "$1" "$2" "keeper, idle, % of a processor" elile_optimize "$(share_of "$keeper")"
    record "$1" "$2" "exporter, idle, % of a processor" elile_optimize "$(share_of "$exporter")"
    record "$1" "$2" "health check, ms" elile_optimize \
        "$(spent_ms "$exporter" "$health_checks" curl -sS -m 10 "http://127.0.0.1:$metrics_port/healthz")"
    # What was rendered a moment ago is served again.
    record "$1" "$2" "scrape, ms" elile_optimize "$(spent_ms "$exporter" "$scrapes" eval 'scrape; sleep 1.1')"
    record "$1" "$2" "scrape, kB" elile_optimize "$(kilobytes_of_scrape)"
    record "$1" "$2" "scrape where gzip is taken, kB" elile_optimize "$(kilobytes_of_scrape -H 'Accept-Encoding: gzip')"
    record "$1" "$2" "exporter's memory at its largest, MB" elile_optimize "$(($(exporter_memory) / 1000))"
    set_metrics_port 0
}
kilobytes_of_scrape() {
    curl -sS -m 10 -o /dev/null -w '%{size_download}\n' "$@" "http://127.0.0.1:$metrics_port/metrics" |
        awk '{ printf "%.1f", $1 / 1000 }'
}

# Statements of so many shapes, each run once.
measure_statements() {
    local count=$1 name
    write_shapes 0 "$count" >"$scratch/shapes.sql"
    start elile_optimize "elile_optimize.max_statements = $((count + 500))" "elile_optimize.query_text_memory = 128MB"
    start pg_stat_statements "pg_stat_statements.max = $((count + 500))"
    for name in elile_optimize pg_stat_statements; do
        sql_on "$name" -o /dev/null -f "$scratch/shapes.sql"
        record statements "$count" "reading all of them, ms" "$name" "$(query_ms "$name" "select * from ${views[$name]}")"
    done
    end pg_stat_statements
    record statements "$count" "a percentile of each, ms" elile_optimize \
        "$(query_ms elile_optimize "select elile_optimize.percentile(queryid, 0.95) from elile_optimize.statements")"
    record statements "$count" "three percentiles of each, ms" elile_optimize "$(query_ms elile_optimize \
        "select elile_optimize.percentiles(queryid, array[0.5, 0.95, 0.999]) from elile_optimize.statements")"
    for name in summary table_operations pool_advice index_status; do
        record statements "$count" "reading $name, ms" elile_optimize \
            "$(query_ms elile_optimize "select * from elile_optimize.$name")"
    done
    measure_metrics statements "$count"
    end elile_optimize
}

# Three operations on each of so many tables.
measure_tables() {
    local count=$1
    start elile_optimize "elile_optimize.max_tables = $count" "elile_optimize.metrics_max_tables = $count"
    sql_on elile_optimize -o /dev/null -c "select elile_optimize.record_db_query(operation, 't_' || t, random() * 0.5)
        from generate_series(1, $count) t, unnest(array['select', 'insert', 'update']) operation"
    record tables "$count" "reading table_operations, ms" elile_optimize \
        "$(query_ms elile_optimize "select * from elile_optimize.table_operations")"
    measure_metrics tables "$count"
    end elile_optimize
}

# So many sessions, each with a statement of 100 kB.
measure_sessions() {
    local count=$1 sessions keeper
    start elile_optimize "max_connections = $((count + 20))" "track_activity_query_size = 100kB"
    { printf 'select /* '; head -c 100000 /dev/zero | tr '\0' x; echo ' */ pg_sleep(3600);'; } >"$scratch/sleep.sql"
    (cd / && bench_on elile_optimize pgbench -n -c "$count" -j 1 -f "$scratch/sleep.sql" >/dev/null 2>&1) &
    sessions=$!
    until [[ $(sql_on elile_optimize -c "select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == "$count" ]]; do
        sleep 0.2
    done
    keeper=$(keeper_process)
    sleep 2
    record sessions "$count" "keeper, % of a processor" elile_optimize "$(share_of "$keeper")"
    record sessions "$count" "keeper's own memory, MB" elile_optimize \
        "$(awk '/^RssAnon/ { printf "%.1f", $2 / 1000 }' "/proc/$keeper/status")"
    for view in pool_statistics pool_advice; do
        record sessions "$count" "reading $view, ms" elile_optimize "$(query_ms elile_optimize "select * from elile_optimize.$view")"
    done
    record sessions "$count" "reading all sessions, ms" pg_stat_activity "$(query_ms elile_optimize "select * from pg_stat_activity")"
    end elile_optimize
    wait "$sessions" || true
}

# So many prepared statements in turn, in one session.
measure_working_set() {
    local count=$1 name round pass=() turn
    write_shapes 0 "$count" | awk '{ print "prepare p" NR " as " $0 }' >"$scratch/prepare.sql"
    seq -f 'execute p%.0f;' "$count" >"$scratch/pass.sql"
    for ((turn = 0; turn < passes; ++turn)); do pass+=("\\i $scratch/pass.sql"); done
    for ((round = 1; round <= rounds; ++round)); do
        for name in $(rotated "$round" bare elile_optimize pg_stat_statements); do
            record "working set" "$count" "ns a statement" "$name" $(($(in_session "$name" "\\i $scratch/prepare.sql" \
                "\\i $scratch/pass.sql" clock "${pass[@]}" clock) / (passes * count)))
        done
    done
}
measure_working_sets() {
    start bare
    start elile_optimize "elile_optimize.max_statements = 25000"
    start pg_stat_statements "pg_stat_statements.max = 25000"
    for count in $working_sets; do measure_working_set "$count"; done
    end bare
    end elile_optimize
    end pg_stat_statements
}

build
make_scratch
make_tree
declare -A views=([elile_optimize]=elile_optimize.statements [pg_stat_statements]=pg_stat_statements)
make_base
for count in $statement_counts; do measure_statements "$count"; done
for count in $table_counts; do measure_tables "$count"; done
for count in $session_counts; do measure_sessions "$count"; done
[[ -z $working_sets ]] || measure_working_sets
bench/scale.py "$results" ${only_print:+"$only_print"}

#!/usr/bin/env bash
# Lets all that a server meets happen at once, and kills some of it: SECONDS=N scripts/soak.sh [FOLDER], for an hour by
# default. The report, charts and samples are left in FOLDER, which is build/soak. It ends with 1 where something is wrong.
#
# The server is one with assertions, where PG_CONFIG names none and the source is to be had.
set -euo pipefail
# What was given is read at once, for bash counts it on.
seconds=$SECONDS
((seconds > 0)) || seconds=3600
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-build/soak}")
scripts/setup.sh soak
if [[ -z ${PG_CONFIG:-} ]] && PG_CONFIG=$(scripts/assert_server.sh); then
    export PG_CONFIG
    # shellcheck source=scripts/chroot.sh
    source scripts/chroot.sh
    copy_checkout build/assert-server/extension
    SECONDS=$seconds exec build/assert-server/extension/scripts/soak.sh "$folder"
fi
[[ -n ${PG_CONFIG:-} ]] || unset PG_CONFIG
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

# All messages say where they come from, so that the library's are known by the source file.
settings=("max_connections = 100" "max_worker_processes = 16" "max_prepared_transactions = 10" "wal_level = replica"
    "max_wal_senders = 5" "max_wal_size = 2GB" "shared_buffers = 128MB" "statement_timeout = 10s" "lock_timeout = 2s"
    "client_connection_check_interval = 1s" "log_error_verbosity = verbose" "log_min_error_statement = panic"
    "log_line_prefix = '%m [%p] %b %e '" "restart_after_crash = on" "elile_optimize.max_statements = 1500"
    "elile_optimize.max_tables = 400" "elile_optimize.query_text_memory = 1MB" "elile_optimize.slow_query_ring = 200"
    "elile_optimize.log_plan_max_length = 2kB" "elile_optimize.log_rate_limit = 5" "elile_optimize.inline_index_limit = 0"
    "elile_optimize.index_build_retry_delay = 1")

# The server's own tests leave tables and views of all kinds, of which sqlsmith makes its statements.
fill_regression() {
    local source=$lib/regress out=$scratch/regression tests=("--schedule=$lib/regress/parallel_schedule")
    [[ -d $source ]] || { say "this server's own tests are not installed: sqlsmith has the application's tables"; return 0; }
    ((seconds >= 600)) || tests=(test_setup create_type create_table create_index create_view inherit)
    mkdir "$out"
    ((EUID != 0)) || chown postgres: "$out"
    say "filling the regression database"
    # Some fail for our settings, and leave their tables all the same.
    as_user env PGUSER=postgres "$lib/pgxs/src/test/regress/pg_regress" --bindir="$bin" --host="$scratch" --port="$port" \
        --inputdir="$source" --outputdir="$out" --dlpath="$lib" --max-concurrent-tests=10 "${tests[@]}" \
        >"$scratch/regression.log" 2>&1 || true
}

make_databases() {
    local database test=$scratch/test
    mkdir "$test"
    cp -r test/soak test/workload "$test/"
    chmod -R a+rX "$test"
    # What fills them takes as long as it takes.
    local -x PGOPTIONS='-c statement_timeout=0 -c lock_timeout=0'
    run_psql -f "$test/soak/roles.sql" postgres
    # Their tables come before those of the regression database, so that they have places of their own.
    for database in witness app bench orm churn; do
        run_psql -c "create database $database" postgres
        run_psql -c "create extension elile_optimize" "$database"
    done
    run_psql -f "$test/soak/witness.sql" witness
    run_psql -f "$test/soak/orm.sql" orm
    run_psql -f "$test/workload/schema.sql" app
    run_psql -v scale="$( ((seconds < 600)) && echo 0.02 || echo 0.2)" -f "$test/workload/load.sql" app >/dev/null
    as_user "$bin/pgbench" -h "$scratch" -p "$port" -U postgres -i -q -s 2 bench >/dev/null 2>&1
    fill_regression
    run_psql -c "select 1" regression >/dev/null 2>&1 || run_psql -c "create database regression template app" postgres
    for database in postgres regression; do run_psql -c "create extension if not exists elile_optimize" "$database"; done
    run_psql -c 'grant all on all tables in schema public to smith' regression
    # To unlock what it has not locked is a warning, which would hide one that no statement asks for.
    run_psql -c 'revoke execute on function pg_advisory_unlock(bigint), pg_advisory_unlock(int, int),
        pg_advisory_unlock_shared(bigint), pg_advisory_unlock_shared(int, int) from public' regression
}

# try_standby NAME: a standby that serves readers, is promoted, and serves writers, whose statements it counts to the last.
try_standby() {
    local name=$1 metrics share=$((seconds / 12)) counted
    ((share < 60)) || share=60
    data=$scratch/$name
    as_user "$bin/pg_basebackup" -h "$scratch" -p "$port" -U postgres -D "$data" -c fast -R -X stream -P >/dev/null 2>&1 || {
        rm -rf "$data"
        return 0
    }
    # The primary's settings of the moment, by one of which only some executions are counted, are not for it.
    as_user sed -i '/^elile_optimize\./d' "$data/postgresql.auto.conf"
    pick_port metrics
    start_cluster "$name" "unix_socket_directories = '$scratch'" "elile_optimize.metrics_port = $metrics" || return
    as_user "$bin/pgbench" -h "$scratch" -p "$port" -U postgres -n -S -c 2 -T "$share" bench >/dev/null 2>&1 || true
    as_user "$bin/pg_ctl" -D "$data" -w -s promote || return
    run_psql -c 'select elile_optimize.reset()' postgres >/dev/null
    as_user "$bin/pgbench" -h "$scratch" -p "$port" -U postgres -n -N -M prepared -c 2 -t "$((share * 10))" bench \
        >/dev/null 2>&1 || return
    counted=$(run_psql -At -c "select coalesce(sum(calls), 0) from elile_optimize.table_operations
        where datname = 'bench' and table_name = 'pgbench_accounts' and operation = 'update'" postgres)
    echo "$name"$'\t'"$((share * 20))"$'\t'"$counted" >>"$folder/standbys.tsv"
    run_psql -c 'select elile_optimize.cancel_index_builds()' app >/dev/null
    as_user "$bin/pg_ctl" -D "$data" -m fast -w -s stop || return
    rm -rf "$data"
}

# Until the file is there that says that the end is near.
try_standbys() {
    local round=0
    while [[ ! -e $scratch/over ]]; do
        round=$((round + 1))
        try_standby "standby$round" || { echo "standby$round"$'\t'"did not come through" >>"$folder/standbys.tsv"; return; }
        sleep 1
    done
}

build
make_scratch
make_tree
mkdir -p "$folder"
rm -f "$folder"/*.{tsv,svg,md}
metrics_port=
pick_port metrics_port
start_server "${settings[@]}" "elile_optimize.metrics_port = $metrics_port"
say "filling databases"
make_databases
: >"$folder/standbys.tsv"
try_standbys &
standbys=$!
say "soaking for $seconds s"
status=0
PYTHONPATH=$root/bench PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 test/soak/soak.py "$seconds" "$scratch" "$bin" "$port" "$metrics_port" "$folder" "$standbys" || status=$?
say "the report: $folder/report.md"
exit "$status"

#!/usr/bin/env bash
# Throughput by the size of PgBouncer's pool, and the size that pool_advice recommends beside the
# smallest one with 95 % of the best throughput. A quarter of an hour; writes docs/pool-size.svg and the table
# of docs/pools.md. TRY=1 only shows that it runs: half a minute, and nothing is written.
# shellcheck disable=SC2154 # bin and port are of lib.sh
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh bench
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
seconds=3
rounds=${ROUNDS:-2}
sizes=(2 5 8 11 14 16 18 19 20 21 22 24 28 40)
workloads=(sleeping talking thinking computing)
advice_seconds=40
if [[ -n ${TRY:-} ]]; then
    seconds=1 rounds=1 sizes=(5 40) workloads=(sleeping computing) advice_seconds=3
fi
roomy=40
tight=5
results=$root/build/bench-pools
mkdir -p "$results"
: >"$results/results.tsv"
PATH=$root/build/programs:$PATH:/usr/sbin
declare -A clients=([sleeping]=20 [talking]=24 [thinking]=60 [computing]=20)
declare -A scripts=(
    [sleeping]='select pg_sleep(0.05);'
    [talking]='begin;
select 1;
\sleep 50 ms
select 2;
\sleep 50 ms
end;'
    [thinking]='\set pause random(50, 150)
\sleep :pause ms
select pg_sleep(0.05);'
    [computing]='select sum(n) from generate_series(1, 20000) n;'
)

ask() { run_psql -At -c "$1" postgres; }
bouncer_port() { echo $((port + 1)); }
bouncer_ask() { as_user "$bin/psql" -XAtq -h "$scratch" -p "$(bouncer_port)" -U postgres -c "$1" pgbouncer; }

start_bouncer() {
    as_user tee "$scratch/bouncer.ini" >/dev/null <<INI
[databases]
postgres = host=$scratch port=$port
[pgbouncer]
unix_socket_dir = $scratch
listen_port = $(bouncer_port)
auth_type = trust
auth_file = $scratch/users
admin_users = postgres
pool_mode = transaction
max_client_conn = 200
default_pool_size = $1
INI
    as_user "$scratch/pgbouncer" -q "$scratch/bouncer.ini" >"$scratch/bouncer.log" 2>&1 &
    bouncer=$!
    until bouncer_ask 'show version' >/dev/null 2>&1; do sleep 0.1; done
}

stop_bouncer() {
    bouncer_ask shutdown >/dev/null 2>&1 || true
    wait "$bouncer" || true
}

# run_clients WORKLOAD SECONDS: prints transactions a second.
run_clients() {
    as_user "$bin/pgbench" -n -c "${clients[$1]}" -T "$2" -f "$scratch/$1.sql" \
        "host=$scratch port=$(bouncer_port) user=postgres dbname=postgres application_name=$1" |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

# What PgBouncer's operator would tell.
tell_waiting() {
    local waiting
    while sleep 1; do
        waiting=$(bouncer_ask 'show pools' | awk -F'|' '$1 == "postgres" { print $4 }')
        ask "select elile_optimize.set_clients_waiting($waiting, '$1')" >/dev/null
    done
}

# advise WORKLOAD SIZE: records what is recommended after half a minute at that size.
advise() {
    local teller
    ask "select elile_optimize.reset()" >/dev/null
    start_bouncer "$2"
    tell_waiting "$1" &
    teller=$!
    run_clients "$1" "$advice_seconds" >/dev/null
    kill "$teller"
    wait "$teller" 2>/dev/null || true
    ask "select elile_optimize.set_clients_waiting(0, '$1')" >/dev/null
    ask "select recommended_pool_size, recommended_max_overflow, round(observed_concurrency::numeric, 1), finding, explanation
        from elile_optimize.pool_advice where application_name = '$1'" | tr '|' '\t' |
        sed "s/^/advice\t$1\t$2\t/" | tee -a "$results/results.tsv" >&2
    stop_bouncer
}

build
make_scratch
make_tree
cp "$(command -v pgbouncer)" "$scratch/pgbouncer"
printf '"postgres" ""\n' >"$scratch/users"
for workload in "${!scripts[@]}"; do
    printf '%s\n' "${scripts[$workload]}" >"$scratch/$workload.sql"
done
chmod -R a+rX "$scratch"
start_server "log_min_messages = error" "shared_buffers = 128MB"
ask "create extension elile_optimize" >/dev/null 2>&1
for workload in "${workloads[@]}"; do
    say "$workload"
    for size in "${sizes[@]}"; do
        start_bouncer "$size"
        for _ in $(seq "$rounds"); do
            printf 'throughput\t%s\t%s\t%s\n' "$workload" "$size" "$(run_clients "$workload" "$seconds")" |
                tee -a "$results/results.tsv" >&2
        done
        stop_bouncer
    done
    advise "$workload" "$roomy"
    advise "$workload" "$tight"
done
bench/pools.py "$results" ${TRY:+--try}

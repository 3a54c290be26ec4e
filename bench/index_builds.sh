#!/usr/bin/env bash
# How long a writer is stopped while the index set is built on a million rows: by build_indexes(),
# and by a plain script in one transaction, in the same run on the same server.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
scale=${SCALE:-1.6}
workload=$root/test/workload

ask() { run_psql -At -c "$1" postgres; }

# write_while LABEL COMMAND...: prints the longest and the 99.9th percentile of a writer's
# transactions, in ms, and how many there were and failed, while the command runs.
write_while() {
    local label=$1 writers
    shift
    rm -f "$scratch"/log.*
    (cd "$scratch" && as_user sh -c "cd $scratch && echo \$\$ >writers.pid && exec $bin/pgbench -h $scratch -p $port -U postgres -n -c 4 -j 1 -T 3600 \
        -f workload/audit_insert.sql -f workload/cache_expire.sql -f workload/entity_touch.sql -f workload/profile_insert.sql \
        -f workload/relation_insert.sql -f workload/tenant_touch.sql \
        -l --log-prefix=$scratch/log postgres" >"$scratch/writers.log" 2>&1) &
    writers=$!
    sleep 3
    local start=$EPOCHREALTIME
    "$@"
    local took
    took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
    sleep 3
    kill -TERM "$(<"$scratch/writers.pid")" || true
    wait "$writers" || true
    cat "$scratch"/log.* | sort -n -k3 | awk -v label="$label" -v took="$took" '
        { ms[NR] = $3 / 1000; failed += ($3 == "failed") }
        END { printf "%-22s took %6.1f s  longest %9.1f ms  p99.9 %8.1f ms  %7d transactions, %d failed\n",
              label, took, ms[NR], ms[int(NR * 0.999) + 1], NR, failed }' | tee -a "$scratch/result"
    ! grep -iE 'error|aborted' "$scratch/writers.log" >&2
}

nothing() { sleep 10; }

drop_set() {
    ask "select format('drop index %s;', index_oid::regclass) from elile_optimize.index_status
        where index_oid is not null" |
        run_psql -f - postgres
}

concurrently() {
    ask "select elile_optimize.build_indexes()" >/dev/null
    while [[ $(ask "select count(*) from elile_optimize.index_builds where state in ('queued', 'building')") != 0 ]]; do
        sleep 0.2
    done
    [[ $(ask "select count(*) from elile_optimize.index_status where state = 'present'") == 18 ]]
}

plain_script() {
    { echo 'begin;'; ask "select definition || ';' from elile_optimize.index_set"; echo 'commit;'; } |
        run_psql -f - postgres
}

build
make_scratch
make_tree
cp -r "$workload" "$scratch/workload"
chmod -R a+rX "$scratch/workload"
start_server "shared_buffers = 1GB" "max_wal_size = 8GB" "log_min_messages = error" \
    "elile_optimize.inline_index_limit = 0" "elile_optimize.max_parallel_builds = ${PARALLEL:-1}"
say "loading"
run_psql -f "$scratch/workload/schema.sql" postgres
run_psql -v scale="$scale" -f "$scratch/workload/load.sql" postgres >/dev/null
run_psql -c "create extension elile_optimize" postgres >/dev/null 2>&1
say "rows: $(ask "select sum(n_live_tup) from pg_stat_user_tables")"
write_while "no build" nothing
for round in $(seq "${ROUNDS:-2}"); do
    write_while "build_indexes() $round" concurrently
    drop_set
    write_while "plain script $round" plain_script
    drop_set
done

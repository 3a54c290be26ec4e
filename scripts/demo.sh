#!/usr/bin/env bash
# Shows what elile_optimize shows: builds it, starts a throwaway server, runs an application's
# workload on it, builds the index set beside it and prints what that did. KEEP=1 leaves the server
# up; DURATION=20 are the seconds of the workload before and after, SCALE=1 multiplies the rows.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
duration=${DURATION:-20}
workload=$root/test/workload

# Statements of the application by how often it sends each.
weights=(
    entity_by_identifier@6 entities_by_type@6 count_by_type@2 latest_profile@20 max_version@6
    profile_by_version@10 profiles_by_trigger@4 relations_of_entity@10 two_hops@2
    audit_of_tenant@6 audit_of_entity@8 audit_by_type@2 high_severity@2 audit_insert@16
    cache_lookup@20 cache_of_entity@6 cache_expire@2 cache_cost@1 tenants_by_name@4
    profiles_one_by_one@1
)

# run_workload SECONDS PROGRESS: with a line a second where PROGRESS is not empty.
run_workload() {
    local files=() entry
    for entry in "${weights[@]}"; do
        files+=(-f "$scratch/workload/${entry%@*}.sql@${entry#*@}")
    done
    rm -f "$scratch/pgbench.pid"
    # shellcheck disable=SC2016 # the shell that becomes pgbench expands its arguments
    as_user sh -c 'echo $$ >"$0" && exec "$@"' "$scratch/pgbench.pid" \
        "$bin/pgbench" -h "$scratch" -p "$port" -U postgres -n -M prepared -c 4 -j 2 \
        -T "$1" -P 1 "${files[@]}" postgres 2>&1 >"$scratch/pgbench.log" |
        { grep --line-buffered "${2:-^nothing}" || true; } >&2 ||
        { [[ -z ${2:-} ]] || { cat "$scratch/pgbench.log" >&2; return 1; }; }
}

# end_workload JOB: pgbench is a child of as_user's, and may have been started with SIGINT ignored.
end_workload() {
    while kill -0 "$1" 2>/dev/null; do
        [[ ! -s $scratch/pgbench.pid ]] || kill -TERM "$(<"$scratch/pgbench.pid")" 2>/dev/null || break
        sleep 0.1
    done
    wait "$1" || true
}

# What goes wrong in every application: a report that times out, a slug that is taken.
run_failing() { run_psql -f "$scratch/workload/failing.sql" postgres >/dev/null 2>&1 || true; }

ask() { run_psql -At -F ' ' -c "$1" postgres; }

# A bar that moves while the set is built, on a terminal in place.
watch_builds() {
    local ended all now bar end=$'\n'
    [[ ! -t 2 ]] || end=$'\r'
    while read -r ended all now < <(ask "
        select count(*) filter (where state not in ('queued', 'building')), count(*),
            coalesce(max(name || ': ' || phase || coalesce(' ' || round(percent::numeric) || ' %', ''))
                filter (where state = 'building'), '')
        from elile_optimize.index_builds"); do
        printf -v bar '%*s' "$ended" ''
        printf '   [%-18s] %2d of %d  %-70.70s%s' "${bar// /#}" "$ended" "$all" "$now" "$end" >&2
        ((ended < all)) || break
        sleep 0.5
    done
    [[ $end == $'\n' ]] || echo >&2
}

build_set() {
    local workload
    ask "create table before as select queryid, p95_exec_time, query from elile_optimize.statements
        where table_name is not null and operation = 'select'" >/dev/null
    say "building the index set in the background, the workload goes on beside it"
    run_workload 600 &
    workload=$!
    ask "select elile_optimize.build_indexes() || ' builds are queued'" >&2
    watch_builds
    end_workload "$workload"
    ask "select elile_optimize.reset()" >/dev/null
    say "the workload again, for $duration s"
    run_workload "$duration" '^progress'
}

# What the exporter serves, without a program for it.
metrics_of() {
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$metrics_port"
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    while IFS= read -r line <&3; do
        [[ $line == *"$1"* ]] && printf '%s\n' "$line"
    done
    exec 3>&-
}

metrics() {
    printf '\nMETRICS                                      http://127.0.0.1:%s/metrics\n' "$metrics_port"
    metrics_of 'operation="select",table="entities"' | grep -v _bucket
}

report() {
    run_psql -P pager=off -f "$scratch/workload/report.sql" postgres
}

build
make_scratch
make_tree
cp -r "$workload" "$scratch/workload"
chmod -R a+rX "$scratch/workload"
say "starting a throwaway server"
metrics_port=
pick_port metrics_port
start_server "shared_buffers = 256MB" "log_min_messages = error" \
    "elile_optimize.inline_index_limit = 0" "elile_optimize.metrics_port = $metrics_port"
say "its status page: http://127.0.0.1:$metrics_port/"
say "creating the application's schema and rows"
run_psql -v ON_ERROR_STOP=1 -f "$scratch/workload/schema.sql" postgres
run_psql -v scale="${SCALE:-1}" -f "$scratch/workload/load.sql" postgres >/dev/null
run_psql -c "create extension elile_optimize" -c "select elile_optimize.reset()" postgres >/dev/null
say "running the workload for $duration s: 4 clients, ${#weights[@]} transactions"
run_workload "$duration" '^progress'
run_failing
report
metrics
build_set
run_psql -P pager=off -f "$scratch/workload/index_report.sql" postgres
if [[ -n ${KEEP:-} ]]; then
    keep_scratch=1
    trap - EXIT
    cat <<KEPT

The server is still up. Look further:
    $bin/psql -h $scratch -p $port -U postgres
    http://127.0.0.1:$metrics_port/ and http://127.0.0.1:$metrics_port/metrics
Stop and remove it:
    $( ((EUID == 0)) && echo 'runuser -u postgres -- ')$bin/pg_ctl -D $data -m immediate stop && rm -rf $scratch
KEPT
else
    cat <<'FURTHER'

Look further: KEEP=1 make demo leaves the server up. Then ask
    select * from elile_optimize.statements order by p99_exec_time desc limit 10;
    select elile_optimize.percentile(queryid, 0.999) from elile_optimize.statements;
    select * from elile_optimize.info;
    select name, state, verdict from elile_optimize.index_status;
FURTHER
fi

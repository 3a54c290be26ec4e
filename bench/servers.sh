# Sourced by run.sh: one server for each extension, all over copies of one cluster, so that a round
# goes through them within seconds and whatever slows the machine slows them alike.
# shellcheck shell=bash disable=SC2154,SC2034

# Everything that each of them can do, for every statement. What is slow is far off, so that no stall
# of the machine makes a statement slow; what slow ones cost is measured apart.
declare -A settings=(
    [bare]="shared_preload_libraries = ''
compute_query_id = off"
    [query_ids]="shared_preload_libraries = ''
compute_query_id = on"
    [elile_optimize]="shared_preload_libraries = 'elile_optimize'
elile_optimize.track = all
elile_optimize.slow_query_threshold = 10s"
    [pg_stat_statements]="shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = all"
    [auto_explain]="shared_preload_libraries = 'auto_explain'
compute_query_id = off
auto_explain.log_min_duration = 10s
auto_explain.log_nested_statements = on"
    [elile_optimize_slow]="shared_preload_libraries = 'elile_optimize'
elile_optimize.track = all
elile_optimize.slow_query_threshold = 0
elile_optimize.log_rate_limit = -1"
    [auto_explain_slow]="shared_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on"
    [pg_stat_kcache]="shared_preload_libraries = 'pg_stat_statements,pg_stat_kcache'
pg_stat_statements.track = all
pg_stat_kcache.track = all"
    [pg_qualstats]="shared_preload_libraries = 'pg_stat_statements,pg_qualstats'
pg_stat_statements.track = all
pg_qualstats.sample_rate = 1"
)
declare -A ports

make_base() {
    say "making the database"
    make_cluster single
    start_cluster single "shared_buffers = 128MB"
    bench_on single pgbench -i -q -s "$scale" >/dev/null 2>&1
    as_user "$bin/pg_ctl" -D "$data" -m fast -w -s stop
}

# Peers that are not to be had are left out.
add_peers() {
    local name there=()
    [[ ${peers[*]} != *pg_stat_kcache* ]] || add_neighbours
    for name in "${peers[@]}"; do
        if [[ -f $lib/$name.so ]]; then
            there+=("$name")
        else
            say "$name is not to be had"
        fi
    done
    peers=("${there[@]}")
}

# bench_on CLUSTER PROGRAM ARGUMENT...
bench_on() {
    local on_port=${ports[$1]:-$port} program=$2
    shift 2
    as_user "$bin/$program" -h "$scratch" -p "$on_port" -U postgres "$@" postgres
}

sql_on() {
    local name=$1
    shift
    bench_on "$name" psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

start_servers() {
    local name
    for name in "$@"; do
        as_user cp -a "$scratch/single" "$scratch/$name"
        start_cluster "$name" "${settings[$name]}"
        ports[$name]=$port
        sql_on "$name" -c "vacuum" >/dev/null
    done
    sql_on elile_optimize -c "create extension elile_optimize"
    sql_on pg_stat_statements -c "create extension pg_stat_statements"
}

# The names given, another one first in each round.
rotated() {
    local round=$1
    shift
    local names=("$@") at=$((round % $#))
    printf '%s\n' "${names[@]:at}" "${names[@]:0:at}"
}

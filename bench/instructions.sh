# Sourced by run.sh: instructions that an extension adds to a statement, which no noise moves.
#
# callgrind counts all that `postgres --single` executes for 1,000 and for 3,000 look-ups by primary
# key; the difference divided by 2,000 is a statement's. Start-up and shutdown cancel out.
# shellcheck shell=bash disable=SC2154

declare -A single_settings=(
    [bare]="-c shared_preload_libraries= -c compute_query_id=off"
    [query_ids]="-c shared_preload_libraries= -c compute_query_id=on"
    [elile_optimize]="-c shared_preload_libraries=elile_optimize -c elile_optimize.track=all"
    [pg_stat_statements]="-c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=all"
    [auto_explain]="-c shared_preload_libraries=auto_explain -c compute_query_id=off
        -c auto_explain.log_min_duration=100 -c auto_explain.log_nested_statements=on"
    [pg_stat_kcache]="-c shared_preload_libraries=pg_stat_statements,pg_stat_kcache
        -c pg_stat_statements.track=all -c pg_stat_kcache.track=all"
    [pg_qualstats]="-c shared_preload_libraries=pg_stat_statements,pg_qualstats
        -c pg_stat_statements.track=all -c pg_qualstats.sample_rate=1"
)

write_statements() {
    local shape=$1 count=$2
    case $shape in
        simple) seq -f 'select abalance from pgbench_accounts where aid = %.0f' "$count" ;;
        prepared)
            echo 'prepare p as select abalance from pgbench_accounts where aid = $1'
            seq -f 'execute p(%.0f)' "$count"
            ;;
        nested)
            printf '%s' 'do $$ declare found int; begin for i in 1..' "$count" \
                ' loop select abalance into found from pgbench_accounts where aid = i; end loop; end $$'
            echo
            ;;
    esac
}

# instructions_of CONFIGURATION SHAPE COUNT
instructions_of() {
    # shellcheck disable=SC2086
    write_statements "$2" "$3" |
        as_user valgrind --tool=callgrind --callgrind-out-file="${callgrind_out:-/dev/null}" \
            "$bin/postgres" --single -D "$data" -c log_min_messages=fatal \
            ${single_settings[$1]} postgres 2>&1 >/dev/null |
        sed -n 's/.*Collected : //p'
}

# instructions_per_statement CONFIGURATION SHAPE
instructions_per_statement() {
    local few many
    few=$(instructions_of "$1" "$2" 1000)
    many=$(instructions_of "$1" "$2" 3000)
    echo $(((many - few) / 2000))
}

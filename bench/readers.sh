# Sourced by run.sh: what reading all statistics takes, what it does to those who write them, and
# what they take of memory.
# shellcheck shell=bash disable=SC2154

declare -A views=(
    [elile_optimize]=elile_optimize.statements
    [pg_stat_statements]=pg_stat_statements
)

# After the churn, which has filled both to their 5,000 entries.
measure_reading() {
    local name round
    for name in elile_optimize pg_stat_statements; do
        echo "select * from ${views[$name]};" >"$scratch/read-$name.sql"
        record "entries" "$name" 1 "$(sql_on "$name" -c "select count(*) from ${views[$name]}")"
    done
    for ((round = 1; round <= rounds; ++round)); do
        for name in elile_optimize pg_stat_statements; do
            record "reading" "$name" "$round" \
                "$(bench_on "$name" pgbench -n -t 10 -f "$scratch/read-$name.sql" 2>&1 |
                    sed -n 's/^latency average = \([0-9.]*\) ms/\1/p')"
        done
        progress "reading" "$round" "$rounds" "both views"
    done
}

# Writers alone, and beside a session that reads the whole view once a second.
measure_writers_beside_reader() {
    local round reader name=elile_optimize
    local writers=(pgbench -n -S -M prepared -c "$cores" -j "$cores" -T "$reader_seconds")
    for ((round = 1; round <= rounds; ++round)); do
        record "writers" alone "$round" "$(bench_on "$name" "${writers[@]}" 2>&1 | tps_of)"
        bench_on "$name" pgbench -n -R 1 -T "$reader_seconds" -f "$scratch/read-$name.sql" \
            >/dev/null 2>&1 &
        reader=$!
        record "writers" "beside a reader" "$round" \
            "$(bench_on "$name" "${writers[@]}" 2>&1 | tps_of)"
        wait "$reader"
        progress "writers" "$round" "$rounds" "with and without a reader"
    done
}

# A session's own memory before and after many statements, and the shared memory.
measure_memory() {
    progress "memory" 1 1 "$memory_statements statements in one session"
    local used="select sum(total_bytes) from pg_backend_memory_contexts;"
    local loop="do \$\$ declare found int; begin for i in 1..$memory_statements loop
        select abalance into found from pgbench_accounts where aid = i % 1000 + 1;
        end loop; end \$\$;"
    local readings
    mapfile -t readings < <(sql_on elile_optimize <<<"$used ${loop/$memory_statements/1000} $used
        $loop $used")
    record "private memory" before 1 "${readings[1]}"
    record "private memory" after 1 "${readings[2]}"
    record "shared memory" "bytes for each of max_statements" 1 "$(sql_on elile_optimize \
        -c 'select shared_memory_bytes / max_entries from elile_optimize.info')"
}

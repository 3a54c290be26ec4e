# Sourced by run.sh: what reading all statistics takes, what it does to those who write them, and
# what they take of memory.
# shellcheck shell=bash disable=SC2154

declare -A views=(
    [elile_optimize]=elile_optimize.statements
    [pg_stat_statements]=pg_stat_statements
)

latency_of() {
    sed -n 's/^latency average = \([0-9.]*\) ms/\1/p'
}

# After the churn, which has filled both to their 5,000 entries. count(*) makes all rows, COPY to
# /dev/null is all that the server does for a reader; a client then receives 64 columns of the one
# and 43 of the other.
measure_reading() {
    local name round
    for name in elile_optimize pg_stat_statements; do
        echo "select * from ${views[$name]};" >"$scratch/select-$name.sql"
        echo "copy (select * from ${views[$name]}) to '/dev/null';" >"$scratch/copy-$name.sql"
        echo "select count(*) from ${views[$name]};" >"$scratch/count-$name.sql"
        record "entries" "$name" 1 "$(sql_on "$name" -c "select count(*) from ${views[$name]}")"
    done
    for ((round = 1; round <= rounds; ++round)); do
        for name in elile_optimize pg_stat_statements; do
            record "making the rows" "$name" "$round" \
                "$(bench_on "$name" pgbench -n -t 10 -f "$scratch/count-$name.sql" 2>&1 | latency_of)"
            record "reading in the server" "$name" "$round" \
                "$(bench_on "$name" pgbench -n -t 10 -f "$scratch/copy-$name.sql" 2>&1 | latency_of)"
            record "reading by a client" "$name" "$round" \
                "$(bench_on "$name" pgbench -n -t 10 -f "$scratch/select-$name.sql" 2>&1 | latency_of)"
        done
        progress "reading" "$round" "$rounds" "both views"
    done
}

# writers_beside LABEL ROUND SCRIPT [OPTION...]: the throughput of writers while a session runs
# SCRIPT again and again.
writers_beside() {
    local label=$1 round=$2 script=$3 other=
    shift 3
    if [[ -n $script ]]; then
        bench_on elile_optimize pgbench -n -T "$reader_seconds" -f "$script" "$@" >/dev/null 2>&1 &
        other=$!
    fi
    record "writers" "$label" "$round" "$(bench_on elile_optimize pgbench -n -S -M prepared \
        -c "$cores" -j "$cores" -T "$reader_seconds" 2>&1 | tps_of)"
    [[ -z $other ]] || wait "$other"
}

# A reader needs a processor, which the writers then lack. What the reading itself does to them is
# seen beside a session that reads the same rows from a table.
measure_writers_beside_reader() {
    local round
    local read=$scratch/copy-elile_optimize.sql work=$scratch/work.sql
    sql_on elile_optimize -c "create unlogged table snapshot as select * from elile_optimize.statements"
    echo "copy (select * from snapshot) to '/dev/null';" >"$work"
    for ((round = 1; round <= rounds; ++round)); do
        writers_beside "alone" "$round" ""
        writers_beside "beside a reading each second" "$round" "$read" -R 1
        writers_beside "beside a session that reads a table" "$round" "$work"
        writers_beside "beside a session that reads" "$round" "$read"
        progress "writers" "$round" "$rounds" "alone, beside a reader, beside other work"
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

# Sourced by run.sh: transactions a second, in interleaved rounds.
# shellcheck shell=bash disable=SC2154

tps_of() {
    sed -n 's/^tps = \([0-9.]*\) .*/\1/p'
}

# Select-only, prepared: all clients run one statement.
measure_select_only() {
    local round clients name done=0 all=$((rounds * ${#client_counts[@]} * $#))
    for ((round = 1; round <= rounds; ++round)); do
        for clients in "${client_counts[@]}"; do
            for name in $(rotated "$round" "$@"); do
                record "select-only/$clients" "$name" "$round" \
                    "$(bench_on "$name" pgbench -n -S -M prepared -c "$clients" \
                        -j "$((clients < cores ? clients : cores))" -T "$seconds" 2>&1 | tps_of)"
                progress "select-only" $((++done)) "$all" "$clients clients, $name"
            done
        done
    done
}

# A loop in PL/pgSQL: no client and no parser, so that most is seen of what an extension adds.
# Nanoseconds a statement.
measure_nested() {
    local round name before after done=0 all=$((rounds * $#))
    local loop="do \$\$ declare found int; begin for i in 1..$nested_statements loop
        select abalance into found from pgbench_accounts where aid = i % 1000 + 1;
        end loop; end \$\$"
    for ((round = 1; round <= rounds; ++round)); do
        for name in $(rotated "$round" "$@"); do
            before=$(date +%s%N)
            sql_on "$name" -c "$loop"
            after=$(date +%s%N)
            record "nested" "$name" "$round" $(((after - before) / nested_statements))
            progress "nested" $((++done)) "$all" "$name"
        done
    done
    record "overhead_per_statement_ns" elile_optimize 1 \
        "$(sql_on elile_optimize -c 'select round(overhead_per_statement_ns) from elile_optimize.info')"
}

# Statements of $1 shapes: three columns of the row, each computed in one of 48 ways.
write_shapes() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        split("aid bid abalance", column, " ")
        split("+ - * # & | = <> < > <= >= % / << >>", operator, " ")
        for (n = from; n < to; ++n) {
            list = ""
            rest = n
            for (part = 0; part < 3; ++part) {
                way = rest % 48; rest = int(rest / 48)
                list = list (part ? ", " : "") column[way % 3 + 1] " " operator[int(way / 3) + 1] " 7"
            }
            print "select " list " from pgbench_accounts where aid = 5;"
        }
    }'
}

# Two clients send $shapes statements of different shapes while a third one runs a hot statement 500
# times a second, so that it takes the same of the machine beside each server:
# statements a second, and the 99th percentile of the hot one in microseconds.
measure_churn() {
    local round name half=$((shapes / 2)) done=0 all=$((churn_rounds * $#)) hot before after log
    write_shapes 0 "$half" >"$scratch/shapes-1.sql"
    write_shapes "$half" "$shapes" >"$scratch/shapes-2.sql"
    for ((round = 1; round <= churn_rounds; ++round)); do
        for name in $(rotated "$round" "$@"); do
            log=$scratch/hot-$name-$round
            bench_on "$name" pgbench -n -S -M prepared -c 1 -R 500 -T 600 -l --log-prefix="$log" \
                >/dev/null 2>&1 &
            hot=$!
            before=$(date +%s%N)
            sql_on "$name" -o /dev/null -f "$scratch/shapes-1.sql" &
            local first=$!
            sql_on "$name" -o /dev/null -f "$scratch/shapes-2.sql"
            wait "$first"
            after=$(date +%s%N)
            sql_on "$name" -c "select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'pgbench'" >/dev/null
            wait "$hot" 2>/dev/null || true
            record "churn" "$name" "$round" $((shapes * 1000000000 / (after - before)))
            record "hot p99" "$name" "$round" "$(cut -d' ' -f3 "$log".* | sort -n |
                awk '{ latency[NR] = $1 } END { print latency[int(NR * 0.99) + 1] }')"
            progress "churn" $((++done)) "$all" "$name"
        done
    done
}

# A client for each processor, on thousands of statements that are all known: transactions of 2,000
# statements a second.
measure_many_statements() {
    local round name done=0 all=$((rounds * $#))
    write_shapes 0 2000 >"$scratch/known.sql"
    for ((round = 1; round <= rounds; ++round)); do
        for name in $(rotated "$round" "$@"); do
            record "thousands of statements" "$name" "$round" \
                "$(bench_on "$name" pgbench -n -M prepared -c "$cores" -j "$cores" -t "$known_rounds" \
                    -f "$scratch/known.sql" 2>&1 | tps_of)"
            progress "thousands of statements" $((++done)) "$all" "$name"
        done
    done
}

# Sourced by run.sh: instructions that an extension adds to a statement, which no noise moves.
#
# callgrind counts all that `postgres --single` executes for few and for many look-ups by primary
# key; the difference divided by theirs is a statement's. Start-up and shutdown cancel out.
# shellcheck shell=bash disable=SC2154,SC2016

shapes_counted=(simple prepared nested)
few_look_ups=1000
many_look_ups=3000

write_statements() {
    local shape=$1 count=$2
    case $shape in
        simple) seq -f 'select abalance from pgbench_accounts where aid = %.0f' "$count" ;;
        prepared)
            echo 'prepare look_up as select abalance from pgbench_accounts where aid = $1'
            seq -f 'execute look_up(%.0f)' "$count"
            ;;
        nested)
            printf 'do $$ declare found int; begin for i in 1..%d loop ' "$count"
            echo 'select abalance into found from pgbench_accounts where aid = i; end loop; end $$'
            ;;
    esac
}

# instructions_of CONFIGURATION SHAPE COUNT
instructions_of() {
    local options=() line
    while read -r line; do
        line=${line//\'/}
        options+=(-c "${line/ = /=}")
    done <<<"${settings[$1]}"
    write_statements "$2" "$3" |
        as_user valgrind --tool=callgrind --callgrind-out-file="${callgrind_out:-/dev/null}" \
            "$bin/postgres" --single -D "$scratch/single" -c log_min_messages=log \
            "${options[@]}" postgres 2>&1 >/dev/null |
        sed -n 's/.*Collected : //p'
}

# measure_instructions MEASURE CONFIGURATION...
measure_instructions() {
    local measure=$1 configuration shape few many done=0
    shift
    local all=$(($# * ${#shapes_counted[@]}))
    for configuration in "$@"; do
        for shape in "${shapes_counted[@]}"; do
            few=$(instructions_of "$configuration" "$shape" "$few_look_ups")
            many=$(instructions_of "$configuration" "$shape" "$many_look_ups")
            record "$measure/$shape" "$configuration" 1 $(((many - few) / (many_look_ups - few_look_ups)))
            progress "instructions" $((++done)) "$all" "$configuration, $shape"
        done
    done
}

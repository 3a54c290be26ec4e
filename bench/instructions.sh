# Sourced by run.sh: instructions that an extension adds to a statement, which no noise moves.
#
# callgrind counts all that `postgres --single` executes for 1,000 and for 3,000 look-ups by primary
# key; the difference divided by 2,000 is a statement's. Start-up and shutdown cancel out.
# shellcheck shell=bash disable=SC2154

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
    local all=$(($# * 3))
    for configuration in "$@"; do
        for shape in simple prepared nested; do
            few=$(instructions_of "$configuration" "$shape" 1000)
            many=$(instructions_of "$configuration" "$shape" 3000)
            record "$measure/$shape" "$configuration" 1 $(((many - few) / 2000))
            progress "instructions" $((++done)) "$all" "$configuration, $shape"
        done
    done
}

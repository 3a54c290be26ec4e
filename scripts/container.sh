#!/usr/bin/env bash
# Runs packaging/Containerfile without an engine: scripts/container.sh. Each stage is a chroot of Debian's smallest
# system, each instruction is done as an engine would do it, and then the server is asked something.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/chroot.sh
source scripts/chroot.sh
folder=$PWD/build/container
recipe=packaging/Containerfile
declare -A stages=()
passed=0
port=$((20000 + RANDOM % 30000))
password=of-this-test

# check NAME COMMAND...: nothing after a failure makes sense.
check() {
    local name=$1
    shift
    echo "== $name" >&2
    if "$@" >"$folder/check.log" 2>&1; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        tail -n 40 "$folder/check.log" >&2
        echo "not ok $name"
        echo "$passed passed, 1 failed"
        exit 1
    fi
}

# Instructions, one a line.
instructions() { sed -e '/^#/d' "$recipe" | sed -e ':more' -e '/\\$/{N;s/\\\n */ /;b more' -e '}' -e '/^$/d'; }

# FROM debian:SUITE[-slim] [AS NAME]
begin_stage() {
    local suite=${1#debian:}
    suite=${suite%-slim}
    stage=$folder/${3:-final}
    stages[${3:-final}]=$stage
    workdir=/ user=root environment=()
    remove_chroot "$stage" && make_chroot "$suite" "$stage" || return
    rm -f "$stage/etc/postgresql-common/createcluster.d/none.conf"
}

run_in_stage() {
    # shellcheck disable=SC2016 # the inner shell expands these
    in_chroot "$stage" env DEBIAN_FRONTEND=noninteractive "${environment[@]}" \
        sh -c 'cd "$0" && exec "$@"' "$workdir" "$@" </dev/null
}

# COPY [--from=STAGE] SOURCE... TARGET: from the last commit where no stage is named. A target that ends with / is a folder.
copy_files() {
    local from=$folder/checkout target=$stage sources
    if [[ $1 == --from=* ]]; then
        from=${stages[${1#--from=}]}
        shift
    else
        rm -rf "$from"
        mkdir -p "$from"
        git archive HEAD | tar -C "$from" -x
    fi
    [[ ${*: -1} == /* ]] && target+=${*: -1} || target+=$workdir/${*: -1}
    mkdir -p "$(dirname "${target}x")"
    for sources in "${@:1:$#-1}"; do
        if [[ -d $from/$sources ]]; then
            cp -a "$from/$sources/." "$target"
        else
            # shellcheck disable=SC2086 # it is a pattern
            cp -a "$from"/$sources "$target"
        fi
    done
}

# No instruction may be passed over, so one that is not known here ends it.
follow() {
    local word=$1 rest=$2
    local -a words
    read -ra words <<<"$rest"
    case $word in
        FROM) begin_stage "${words[@]}" ;;
        WORKDIR) workdir=$rest && mkdir -p "$stage$workdir" ;;
        RUN) run_in_stage sh -c "$rest" ;;
        COPY) copy_files "${words[@]}" ;;
        ENV) environment+=("${words[@]}") ;;
        USER) user=$rest ;;
        ENTRYPOINT) entrypoint=$(sed -E 's/^\["(.*)"\]$/\1/' <<<"$rest") ;;
        VOLUME) mkdir -p "$stage$rest" ;;
        EXPOSE | STOPSIGNAL) ;;
        *) echo "container: $word is not known here" >&2; return 1 ;;
    esac
}

build_image() {
    local word rest
    while read -r word rest; do
        echo "$word $rest"
        follow "$word" "$rest" || return
    done < <(instructions)
}

# What an engine runs: with nothing of its caller's but what it was told.
start_server() {
    # shellcheck disable=SC2016 # the inner shell expands these
    in_chroot "$stage" env -i "${environment[@]}" "$@" sh -c \
        'cd / && exec setpriv --reuid "$0" --regid "$0" --init-groups -- "$@"' "$user" "$entrypoint" \
        -p "$port" -c elile_optimize.metrics_port="$((port + 1))" >"$folder/server.log" 2>&1 </dev/null &
    server=$!
}

ask() {
    in_chroot "$stage" env PGPASSWORD="$password" "${environment[@]}" \
        psql -X -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres -c "$1"
}

# wait_until COMMAND...: for two minutes at most.
wait_until() {
    local try
    for ((try = 0; try < 240; ++try)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.5
    done
    cat "$folder/server.log"
    return 1
}

refuses_to_start_without_a_password() {
    local status=0
    start_server
    wait "$server" || status=$?
    ((status == 1)) && grep 'set POSTGRES_PASSWORD' "$folder/server.log"
}

starts() {
    start_server "$@"
    wait_until ask 'select 1'
}

counts_statements() {
    ask 'create extension elile_optimize' && ask 'create table seen ()' && ask 'select count(*) from seen' &&
        [[ $(ask "select sum(calls) from elile_optimize.table_operations
            where table_name = 'seen' and operation = 'select'") == 1 ]]
}

get_metrics() {
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))" || return
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    line=$(grep -m 1 'table="seen"' <&3)
    exec 3>&-
    echo "$line"
    [[ $line == elile_db_query_duration* ]]
}

serves_metrics() { wait_until get_metrics; }

# Below what this script started there is one process in another, and the server is the last but its own children.
find_server() {
    main=$server
    while [[ $(<"/proc/$main/comm") != postgres ]]; do
        read -r main _ <"/proc/$main/task/$main/children" || [[ -n $main ]] || return
    done
}

ends_at_its_stop_signal() {
    local main status=0
    find_server || return
    kill -INT "$main"
    wait "$server" || status=$?
    server=
    cat "$folder/server.log"
    ((status == 0)) && grep 'database system is shut down' "$folder/server.log"
}

has_its_data() { [[ $(ask "select extname from pg_extension where extname = 'elile_optimize'") == elile_optimize ]]; }

end_server() {
    local main
    [[ -z ${server:-} ]] || ! find_server || kill -QUIT "$main" || true
}

can_chroot >&2 || exit 1
mkdir -p "$folder"
trap end_server EXIT
check "the recipe's instructions are done" build_image
check "without a password no cluster is made" refuses_to_start_without_a_password
check "a cluster is made" starts POSTGRES_PASSWORD="$password"
check "statements are counted" counts_statements
check "metrics are served" serves_metrics
check "the stop signal ends the server" ends_at_its_stop_signal
check "the next start finds the cluster" starts
check "it has the extension" has_its_data
check "the stop signal ends it again" ends_at_its_stop_signal
echo "$passed passed, 0 failed"

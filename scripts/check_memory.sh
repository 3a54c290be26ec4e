#!/usr/bin/env bash
# Runs our code under valgrind, which sees what is read before it was written, beyond its end or after it was freed:
# scripts/check_memory.sh [unit|exporter|server ...]; without a word, all three. The server is one that tells valgrind of
# its memory, and serves the SQL tests. It takes half an hour. What is found is left in build/memory.
set -euo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
((${#parts[@]})) || parts=(unit exporter server)
scripts/setup.sh memory
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/tests.sh
source scripts/tests.sh
found=${MEMORY_FOUND:-$root/build/memory}
mkdir -p "$found"
metrics_port=
memcheck=(/usr/bin/valgrind --tool=memcheck --fair-sched=yes --num-callers=30 --child-silent-after-fork=no
    '--error-markers=FOUND-BEGIN,FOUND-END' "--suppressions=$root/test/memory/own.supp")

# join_logs FOLDER NAME: what valgrind found, in one file, and how much of it names our code.
join_logs() {
    local all=$found/$2.log ours
    cat "$1"/*.log | sed -nE '/FOUND-BEGIN/,/FOUND-END/s/^==[0-9]+== ?//p' >"$all"
    ours=$(awk '/FOUND-BEGIN/ { text = ""; is_ours = 0 } { text = text $0 "\n" }
        /elile_optimize|\.cpp:[0-9]|\.hpp:[0-9]/ { is_ours = 1 } /FOUND-END/ && is_ours { print text }' "$all" |
        tee "$found/$2.ours" | grep -c FOUND-BEGIN || true)
    say "$2: $(grep -c FOUND-BEGIN "$all" || true) errors, $ours of them in our code"
    ((ours == 0)) || head -n 60 "$found/$2.ours" >&2
    count $((ours == 0)) "$ours" "$2"
}

# Valgrind makes system calls of its own and runs one thread at a time, so that filters of system calls, and tests in which
# processors have to meet, are left out. A leak counts too.
check_unit() {
    local out=$root/build/unit-memory status=0
    say "unit tests, valgrind"
    build_unit_tests "$out"
    "${memcheck[@]}" --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=9 \
        --log-file="$out/valgrind.log" "$out/run" --gtest_filter='-*Sandbox*:SegmentFile.*:Stripes.AreCountedWhenThereAreNoneLeft:Stripes.GoBackToThePoolWithTheirSumsFolded:Stripes.SessionsThatCollideGetThemAndTheSumIsExact' >"$out/out" 2>&1 || status=$?
    # Nine says that valgrind found something, which is counted below.
    ((status != 9)) || status=0
    count_unit_tests "$out/out" "$status" "unit tests, valgrind"
    mkdir -p "$out/logs"
    mv "$out/valgrind.log" "$out/logs/"
    join_logs "$out/logs" unit
}

# The program is a wrapper that says for the exporter that it is alive, which valgrind makes too slow to say it in time.
wrap_exporter() {
    cc -shared -fPIC -o "$scratch/no_sandbox.so" test/memory/no_sandbox.c
    mkdir -m 777 "$scratch/memory"
    mv "$lib/elile_optimize_exporter" "$lib/elile_optimize_exporter.real"
    cat >"$lib/elile_optimize_exporter" <<WRAPPER
#!/bin/bash
while printf 'A0\n0' >&4; do /bin/sleep 0.4; done 2>/dev/null &
export LD_PRELOAD=$scratch/no_sandbox.so
exec ${memcheck[*]} --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --log-file=$scratch/memory/%p.log $lib/elile_optimize_exporter.real
WRAPPER
    chmod 755 "$lib/elile_optimize_exporter" "$scratch/no_sandbox.so"
}

# comes COMMAND...: waits for its success, which may take valgrind two minutes.
comes() {
    local end=$((SECONDS + 120))
    until "$@"; do
        ((SECONDS < end)) || stop "never came: $*"
        sleep 0.2
    done
}
answers() { [[ $(get "http://127.0.0.1:$metrics_port$2" || true) == "$1" ]]; }
# A log is named by its process.
have_ended() {
    local log
    for log in "$1"/*.log; do
        [[ ! -e /proc/$(basename "$log" .log) ]] || return 1
    done
}
get() { curl -s -m 60 -o "$scratch/got" -w '%{http_code}' "$@"; }

# scrape CODE PATH CURL-ARGUMENT...: as monitors, people and guessers do.
scrape() {
    local wanted=$1 path=$2 code
    shift 2
    code=$(get "$@" "http://127.0.0.1:$metrics_port$path" || true)
    if [[ $code == "$wanted" ]]; then
        count 1 0 "$path $*"
    else
        count 0 1 "$path $*: $code instead of $wanted"
    fi
}

scrape_all() {
    local turn
    for turn in 1 2 3; do
        run_psql -f test/memory/statements.sql postgres >/dev/null 2>&1 || true
        scrape 200 /metrics
        scrape 200 /metrics -H 'Accept-Encoding: gzip'
        scrape 200 /
        scrape 200 /healthz
        scrape 200 /readyz
        scrape 404 "/nothing$turn"
        scrape 405 /metrics -X POST -d a=b
    done
    printf 'somebody:%s\n' "$(openssl passwd -6 secret)" | as_user tee "$data/users" >/dev/null
    chmod 600 "$data/users"
    run_psql -c "alter system set elile_optimize.metrics_auth_file = 'users'" postgres
    run_psql -c "alter system set elile_optimize.metrics_show_queries = on" -c "select pg_reload_conf()" postgres >/dev/null
    comes answers 401 /metrics
    scrape 200 /metrics -u somebody:secret
    scrape 401 /metrics -u somebody:wrong
    scrape 401 /metrics -u nobody:secret
    scrape 401 /metrics -H 'Authorization: Basic ////'
    scrape 200 / -u somebody:secret
}

check_exporter() {
    wrap_exporter
    pick_port metrics_port
    start_server "elile_optimize.metrics_port = $metrics_port" "elile_optimize.slow_query_threshold = 0"
    run_psql -c 'create extension elile_optimize' postgres
    comes answers 200 /healthz
    scrape_all
    as_user "$bin/pg_ctl" -D "$data" -m fast -w -s stop
    comes have_ended "$scratch/memory"
    join_logs "$scratch/memory" exporter
}

# What starts the server gets one under valgrind. Its processes have a log each.
wrap_server() {
    mkdir -m 777 "$scratch/server-memory"
    mv "$bin/postgres" "$bin/postgres.real"
    cat >"$bin/postgres" <<WRAPPER
#!/bin/bash
[[ \${1:-} != -V && \${1:-} != --version ]] || exec $bin/postgres.real "\$@"
exec ${memcheck[*]} --leak-check=no --suppressions=$share/valgrind.supp --log-file=$scratch/server-memory/%p.log \
    $bin/postgres.real "\$@"
WRAPPER
    chmod 755 "$bin/postgres"
}

# The SQL tests' output is looked at too, but for times that a server so slow cannot keep.
check_server() {
    local tests=(test/sql/*.sql) input=$scratch/regress status=0
    tests=("${tests[@]##*/}")
    [[ -z ${MEMORY_TESTS:-} ]] || read -ra tests <<<"$MEMORY_TESTS"
    mkdir -p "$input/out" "$input/sql"
    cp test/sql/*.sql "$input/sql/"
    cp -r expected "$input/expected"
    chmod -R a+rX "$input"
    ((EUID != 0)) || chown -R postgres: "$input"
    make_cluster memory
    wrap_server
    export PGCTLTIMEOUT=300
    start_cluster memory "shared_preload_libraries = 'elile_optimize'" "max_prepared_transactions = 2" "shared_buffers = 16MB"
    say "SQL tests on a server under valgrind"
    as_user env PGUSER=postgres "$lib/pgxs/src/test/regress/pg_regress" --bindir="$bin" --host="$scratch" --port="$port" \
        --inputdir="$input" --outputdir="$input/out" --dbname=contrib_regression --encoding=UTF8 \
        --load-extension=elile_optimize "${tests[@]%.sql}" >"$scratch/regress.out" 2>&1 || status=$?
    as_user "$bin/pg_ctl" -D "$data" -m fast -w -s stop
    grep -E '^(not ok|.*FAILED)' "$scratch/regress.out" >&2 || true
    cp "$input/out/regression.diffs" "$found/" 2>/dev/null || true
    join_logs "$scratch/server-memory" server
}

# The server with these headers is another one, so this part has a copy of the checkout of its own.
if [[ " ${parts[*]} " == *" server "* && -z ${MEMORY_SERVER:-} ]]; then
    status=0
    PG_CONFIG_OF_MEMORY=$(FOR=memory scripts/assert_server.sh) || status=$?
    if ((status == 0)); then
        # shellcheck source=scripts/chroot.sh
        source scripts/chroot.sh
        copy_checkout build/memory-server/extension
        MEMORY_SERVER=yes MEMORY_FOUND=$found PG_CONFIG=$PG_CONFIG_OF_MEMORY \
            build/memory-server/extension/scripts/check_memory.sh server || status=$?
        count $((status == 0)) $((status != 0)) server
    else
        say "server: skipped, its source is not to be had"
    fi
    mapfile -t parts < <(printf '%s\n' "${parts[@]}" | grep -vx server || true)
fi
for part in "${parts[@]}"; do
    case $part in
        unit) check_unit ;;
        exporter | server)
            build
            [[ -n $scratch ]] || make_scratch
            make_tree
            "check_$part"
            ;;
        '') ;;
        *) echo "usage: $0 [unit|exporter|server ...]" >&2; exit 2 ;;
    esac
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))

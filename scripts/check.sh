#!/usr/bin/env bash
# Runs the tests: scripts/check.sh [unit|regress|isolation|tap|dashboards|scripts|core ...]; without a word, all but core.
# shellcheck disable=SC2016 # what "sh -c" is given expands there
set -euo pipefail
cd "$(dirname "$0")/.."
# Tests in SQL alone need no more than what builds.
needs=build
for suite in "${@:-all}"; do
    [[ $suite == regress || $suite == isolation ]] || needs=check
done
scripts/setup.sh "$needs"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/tests.sh
source scripts/tests.sh

# A warning ends the build here, and nowhere else: another compiler has other ones.
export WERROR=1
pgxs_test=$(dirname "$("$pg_config" --pgxs)")/../test

# say_skipped LOG NAME: what did not run, a line for each reason.
say_skipped() {
    sed -nE 's/^ok ([^#]|\\#)*# skip /some tests: /p; s/^(\S+) \.+ skipped: /\1: /p' "$1" | sort | uniq -c |
        while read -r times what; do
            say "$2: skipped ${times}x, $what"
        done
}

# The sanitizers' memory layout does not go with every place that the kernel chooses at random. Where
# the kernel may not be told to leave that, as in Docker, another try may get a better one.
run_sanitized() {
    local try fixed=(setarch -R) status=0
    setarch -R true 2>/dev/null || fixed=()
    for try in 1 2 3 4 5 6 7 8 9 10; do
        status=0
        "${fixed[@]}" "$1/run" >"$1/log" 2>&1 || status=$?
        if ((status == 0 || ${#fixed[@]})) || ! never_began "$1/log"; then
            break
        fi
    done
    return "$status"
}

never_began() { grep -q Sanitizer "$1" && ! grep -q '^\[==========\]' "$1"; }

check_unit_with() {
    local name=$1 out=$root/build/unit-$1 status=0
    shift
    say "unit tests, $name"
    build_unit_tests "$out" "$@"
    run_sanitized "$out" || status=$?
    if ((status != 0)) && never_began "$out/log"; then
        say "unit tests, $name: skipped, the sanitizer does not run where addresses are random and must stay so:" \
            "$(grep -m 1 Sanitizer "$out/log")"
        return
    fi
    count_unit_tests "$out/log" "$status" "unit tests, $name"
}

check_unit() {
    check_unit_with asan -fsanitize=address,undefined -fno-sanitize-recover=all
    # TSan does not know fences; what they order here are atomics that it sees.
    check_unit_with tsan -fsanitize=thread -Wno-unknown-warning-option -Wno-tsan
}

# run_pg_regress PROGRAM FOLDER NAME EXPECTED-FOLDER TEST...
run_pg_regress() {
    local program=$1 sources=$2 what=$3 expected=$4 input=$scratch/$3 status=0
    shift 4
    mkdir -p "$input/out"
    cp -r "$sources/." "$input/"
    cp -r "$expected" "$input/expected"
    chmod -R a+rX "$input"
    ((EUID != 0)) || chown -R postgres: "$input"
    say "$what"
    start_server "max_prepared_transactions = 2"
    as_user env PGUSER=postgres "$program" --bindir="$bin" --host="$scratch" \
        --port="$port" --inputdir="$input" --outputdir="$input/out" --dbname=contrib_regression \
        --load-extension=elile_optimize "$@" \
        >"$scratch/$what.log" 2>&1 || status=$?
    stop_server
    count_results "$scratch/$what.log" "$status" "$input/out" "$what"
}

# count_results LOG STATUS OUTPUT-FOLDER NAME: of a pg_regress, whose output is shown when the status is bad, with what
# the servers say of sessions that ended.
count_results() {
    local good bad
    good=$(matches ' \.\.\. ok|^ok ' <"$1")
    bad=$(matches ' \.\.\. FAILED|^not ok ' <"$1")
    if (($2 != 0)); then
        cat "$1" >&2
        cat "$3/regression.diffs" >&2 2>/dev/null || true
        grep -hE 'was terminated by signal|PANIC: |FATAL: |^TRAP: ' "$scratch"/*.log | tail -n 20 >&2 || true
        ((bad > 0)) || bad=1
    fi
    count "$good" "$bad" "$4"
}

stop_server() {
    as_user "$bin/pg_ctl" -D "$data" -m fast -w -s stop
    rm -rf "$data"
    data=
}

check_regress() {
    local tests=(test/sql/*.sql)
    tests=("${tests[@]##*/}")
    mkdir -p "$scratch/regress-source/sql"
    cp test/sql/*.sql "$scratch/regress-source/sql/"
    run_pg_regress "$pgxs_test/../test/regress/pg_regress" "$scratch/regress-source" \
        pg_regress expected "${tests[@]%.sql}"
}

check_isolation() {
    local tests=(test/isolation/specs/*.spec)
    tests=("${tests[@]##*/}")
    mkdir -p "$scratch/isolation-source/specs"
    cp test/isolation/specs/*.spec "$scratch/isolation-source/specs/"
    run_pg_regress "$pgxs_test/isolation/pg_isolation_regress" "$scratch/isolation-source" \
        isolation test/isolation/expected "${tests[@]%.spec}"
}

# count_lines LOG STATUS NAME: of output in the form of TAP, which is shown when the status is bad.
count_lines() {
    local good bad
    good=$(grep '^ok ' "$1" | grep -cvE '^ok ([^#]|\\#)*# skip ' || true)
    bad=$(matches '^not ok ' <"$1")
    if (($2 != 0)); then
        grep -vE '^ok ' "$1" >&2
        ((bad > 0)) || bad=1
    fi
    say_skipped "$1" "$3"
    count "$good" "$bad" "$3"
}

check_tap() {
    say "TAP tests"
    local status=0 log=$scratch/tap.log
    mkdir -p "$scratch"/t/{docs,dashboards}
    cp -r test/t/* test/workload README.md "$scratch/t/"
    cp docs/*.md "$scratch/t/docs/"
    cp dashboards/elile_optimize.json "$scratch/t/dashboards/"
    chmod -R a+rX "$scratch/t"
    ((EUID != 0)) || chown -R postgres: "$scratch/t"
    # From 16 on the server's modules take relative paths unless they are told, and a test may change its folder.
    # Tests end programs by SIGINT, which a background job's children ignore.
    as_user env --default-signal PATH="$bin:$PATH" PERL5LIB="$pgxs_test/perl" PG_CONFIG="$pg_config" TESTDIR="$scratch/t" \
        TESTDATADIR="$scratch/t/tmp_check" TESTLOGDIR="$scratch/t/tmp_check/log" \
        PG_REGRESS="$pgxs_test/regress/pg_regress" PGUSER=postgres LANG=C \
        sh -c 'cd "$0" && prove -v --nocolor -j2 ./*.pl' "$scratch/t" >"$log" 2>&1 || status=$?
    count_lines "$log" "$status" "TAP tests"
}

# The server's own schedule, where its tests are installed, with everything on that we have.
check_core() {
    local source=$lib/regress out=$scratch/core log=$scratch/core.log status=0
    [[ -d $source ]] || { say "this server's own tests are not installed"; count 0 1 core; return; }
    say "the server's own tests"
    mkdir "$out"
    ((EUID != 0)) || chown postgres: "$out"
    start_server "max_prepared_transactions = 2" "compute_query_id = regress" \
        "elile_optimize.track = all" "elile_optimize.track_planning = on" \
        "elile_optimize.slow_query_threshold = 0" "elile_optimize.log_rate_limit = -1" \
        "elile_optimize.log_parameters = on" "elile_optimize.log_query_plan = on" \
        "elile_optimize.log_analyze = on" "elile_optimize.n_plus_one_threshold = 3"
    as_user env PGUSER=postgres "$lib/pgxs/src/test/regress/pg_regress" --bindir="$bin" --host="$scratch" \
        --port="$port" --inputdir="$source" --outputdir="$out" --dlpath="$lib" --max-concurrent-tests=20 \
        --schedule="$source/parallel_schedule" >"$log" 2>&1 || status=$?
    stop_server
    count_results "$log" "$status" "$out" "the server's own tests"
}

# Only a server with assertions has any to fail; it says so in the log of the process that it ends.
check_traps() {
    local logs=$scratch/traps
    [[ $("$pg_config" --configure) == *--enable-cassert* ]] || return 0
    grep -rhs '^TRAP: ' --include='*.log' "$scratch" | sed 's/, PID: [0-9]*//' | sort | uniq -c >"$logs" || true
    if [[ -s $logs ]]; then
        cat "$logs" >&2
        count 0 1 "assertions"
    else
        count 1 0 "assertions"
    fi
}

check_dashboards() {
    say "dashboard and rules"
    local status=0 log=$scratch/dashboards.log
    test/dashboards/check.sh >"$log" 2>&1 || status=$?
    count_lines "$log" "$status" "dashboard and rules"
}

check_scripts() {
    local script status name
    for script in test/scripts/*.sh; do
        name=${script##*/}
        name=${name%.sh}
        say "scripts, $name"
        status=0
        "$script" >"$scratch/$name.log" 2>&1 || status=$?
        count_lines "$scratch/$name.log" "$status" "scripts, $name"
    done
}

# What setup.sh has taken out of packages is below build/, which the server's user may not be able to
# look into.
find_programs() {
    [[ -d build/programs ]] || return 0
    cp -r build/programs "$scratch/programs"
    chmod -R a+rX "$scratch/programs"
    PATH=$scratch/programs:$PATH
}

suites=("$@")
((${#suites[@]})) || suites=(unit regress isolation tap dashboards scripts)
build
make_scratch
make_tree
find_programs
[[ " ${suites[*]} " != *" tap "* ]] || add_neighbours
for suite in "${suites[@]}"; do
    case $suite in
        unit | regress | isolation | tap | dashboards | scripts | core) "check_$suite" ;;
        *) echo "usage: $0 [unit|regress|isolation|tap|dashboards|scripts|core ...]" >&2; exit 2 ;;
    esac
done
check_traps
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))

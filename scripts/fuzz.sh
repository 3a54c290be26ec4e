#!/usr/bin/env bash
# Feeds what comes from outside to the code that reads it: SECONDS=N scripts/fuzz.sh [TARGET [FILE]], each target for
# five seconds by default. With a file it takes that input alone. It ends with the figures.
set -euo pipefail
# What was given is read at once, for bash counts it on.
seconds=$SECONDS
((seconds > 0)) || seconds=5
cd "$(dirname "$0")/.."
scripts/setup.sh fuzz
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
targets=(http users names edits segment saved statement loop predicate)
in_server=" statement loop predicate "
out=$root/build/fuzz
passed=0
failed=0
bin=$("$pg_config" --bindir)
clang=${CLANG:-clang++}

build_targets() {
    local server
    server=$out/server-$("$pg_config" --version | tr -cd '0-9a-z')
    mkdir -p "$out"
    make -f test/fuzz/Makefile -j"$(nproc)" OUT="$out" SERVER="$server" PG_CONFIG="$pg_config" CLANG="$clang" all \
        >"$out/build.log" 2>&1 || {
        cat "$out/build.log" >&2
        exit 1
    }
    # Servers run as another user, who may not be able to look into the tree.
    cp "$out/run" "$out/no_translation.so" "$server/server.so" "$scratch/"
    cp -r test/fuzz/corpus "$scratch/"
    chmod -R a+rX "$scratch"
}

# Runs a target in a process of its own: run_alone TARGET WHAT-LIBFUZZER-TAKES...
run_alone() { "$scratch/run" "$@" -timeout=60; }

# Runs it in a server of one process. Its own timer is the server's.
run_in_server() {
    local target=$1 arguments
    shift
    arguments=$(printf '"%s",' "$@")
    # shellcheck disable=SC2086 # the compiler may have another program in front of it
    {
        echo "create function fuzz(text, text[]) returns void as '$scratch/server.so' language c"
        echo "select fuzz('$target', '{${arguments}\"-timeout=0\"}')"
    } | as_user env ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0 \
        LD_PRELOAD="$($clang -print-file-name="libclang_rt.asan-$(uname -m).so") $scratch/no_translation.so" \
        timeout -k 10 $((seconds + 300)) "$bin/postgres" --single -c jit=off -D "$scratch/$target" postgres
}

prepare_server() {
    make_cluster "$1"
    as_user "$bin/postgres" --single -D "$data" postgres <test/fuzz/server/tables.sql >/dev/null 2>"$data.log" ||
        stop "the tables could not be made: $(cat "$data.log")"
}

# figure LOG PATTERN: the last number that the log has there.
figure() { sed -nE "s/.*$2.*/\1/p" "$1" | tail -n 1; }

# fuzz TARGET: what libFuzzer adds to the inputs goes to a folder that is thrown away, what ends it is kept.
fuzz() {
    local target=$1 how=run_alone log=$scratch/$1.log found=$scratch/found/$1 status=0 crashes
    mkdir -p "$found" "$scratch/crashes" "$out/crashes"
    chmod 777 "$found" "$scratch/crashes"
    if [[ $in_server == *" $target "* ]]; then
        how=run_in_server
        prepare_server "$target"
    fi
    "$how" "$target" -max_total_time="$seconds" -rss_limit_mb=4096 -print_final_stats=1 -report_slow_units=60 \
        -artifact_prefix="$scratch/crashes/$target-" "$found" "$scratch/corpus/$target" >"$log" 2>&1 || status=$?
    # A server ends well when it has raised an error.
    grep -q '^stat::number_of_executed_units' "$log" || status=1
    crashes=$(find "$scratch/crashes" -name "$target-*" | wc -l)
    if ((status == 0 && crashes == 0)); then
        passed=$((passed + 1))
        printf 'ok %s: ' "$target"
    else
        failed=$((failed + 1))
        printf 'not ok %s: ' "$target"
    fi
    printf '%s executions in %s s, %s edges covered, %s crashes\n' "$(figure "$log" 'number_of_executed_units: ([0-9]+)')" \
        "$seconds" "$(figure "$log" 'cov: ([0-9]+)')" "$crashes"
    if ((status != 0 || crashes != 0)); then
        grep -avE '^#[0-9]+|NEW_FUNC' "$log" | head -n 60 | sed 's/^/# /'
        find "$scratch/crashes" -name "$target-*" -exec cp -t "$out/crashes" {} + -printf '# kept: build/fuzz/crashes/%f\n'
    fi
}

# take TARGET FILE: one input, with all that is said of it.
take() {
    cp "$2" "$scratch/input"
    chmod a+r "$scratch/input"
    [[ $in_server != *" $1 "* ]] || { prepare_server "$1"; run_in_server "$1" "$scratch/input"; return; }
    run_alone "$1" "$scratch/input"
}

make_scratch
build_targets
if (($# > 1)); then
    take "$1" "$2"
    exit
fi
for target in "${@:-${targets[@]}}"; do
    fuzz "$target"
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))

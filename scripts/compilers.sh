#!/usr/bin/env bash
# Builds the library, the exporter and the unit tests with each C++ compiler that is named, else with each
# that is in PATH, and runs the unit tests: scripts/compilers.sh [COMPILER...]. A warning is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
jobs=${JOBS:-$(nproc)}

# One name for each program: g++ is a link to one that has its version in its name.
find_compilers() {
    local folder program
    local -A seen=()
    IFS=: read -ra folders <<<"$PATH"
    for folder in "${folders[@]}"; do
        for program in "$folder"/g++ "$folder"/g++-[0-9]* "$folder"/clang++ "$folder"/clang++-[0-9]*; do
            [[ -x $program && -z ${seen[$(realpath "$program")]:-} ]] || continue
            seen[$(realpath "$program")]=1
            basename "$program"
        done
    done
}

# build_unit COMPILER: without sanitizers, which not every compiler brings along.
build_unit() {
    local sources=(src/core/*.cpp src/core/*/*.cpp src/store/segment_file.cpp src/exporter/*.cpp test/unit/*.cpp)
    mkdir -p unit
    # shellcheck disable=SC2016 # what "sh -c" is given expands there
    printf '%s\n' "${sources[@]}" | grep -v /exporter.cpp | xargs -P "$jobs" -I{} sh -c '
        "$1" -std=c++20 -O1 -Wall -Wextra -Wshadow -DELILE_UNIT_TEST -Isrc -Itest \
            -c "$2" -o "unit/$(echo "$2" | tr / _).o"' sh "$1" {}
    "$1" unit/*.o -lgtest -lgtest_main -lpthread -lprometheus-cpp-core -lcivetweb -lseccomp -lcrypt -lz -o unit/run
}

# step NAME COMMAND...: sets that cell of the table.
step() {
    local name=$1 log=$scratch/$compiler-$1.log
    shift
    cells[$name]=failed
    if "$@" >"$log" 2>&1; then
        cells[$name]=passed
        if grep -qE '(warning|error):' "$log"; then
            cells[$name]=warns
        fi
    fi
    if [[ ${cells[$name]} == passed ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        grep -E '(warning|error):|FAILED|\*\*\*' "$log" | sort -u | head -n 20 >&2 || true
    fi
}

compilers=("$@")
((${#compilers[@]})) || mapfile -t compilers < <(find_compilers)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0
table=()
for compiler in "${compilers[@]}"; do
    echo "== $compiler" >&2
    # Objects of one compiler are nothing for the next.
    mkdir "$scratch/tree"
    cp -r "$root"/{Makefile,elile_optimize.control,scripts,sql,src,test} "$scratch/tree/"
    find "$scratch/tree" \( -name '*.o' -o -name '*.d' \) -delete
    cd "$scratch/tree"
    declare -A cells=()
    step library make -k -j"$jobs" CXX="$compiler" elile_optimize.so
    step exporter make -k -j"$jobs" CXX="$compiler" elile_optimize_exporter
    step "unit-tests" build_unit "$compiler"
    step "run" unit/run --gtest_brief=1
    table+=("$(printf '%-12s %-44.44s %-8s %-8s %-10s %s' "$compiler" "$("$compiler" --version | head -n 1)" \
        "${cells[library]}" "${cells[exporter]}" "${cells[unit-tests]}" "${cells[run]}")")
    cd "$root"
    rm -rf "$scratch/tree"
done
printf '%-12s %-44s %-8s %-8s %-10s %s\n' compiler version library exporter unit-tests run
printf '%s\n' "${table[@]}"
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))

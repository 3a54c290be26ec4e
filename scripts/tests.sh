# Sourced behind lib.sh by the scripts that run tests: what they count, and the unit tests.
# shellcheck shell=bash disable=SC2034 # the caller shows the sums
passed=0
failed=0
cxx=${CXX:-g++}

# count PASSED FAILED NAME
count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    say "$3: $1 passed, $2 failed"
}

# How many lines of standard input match.
matches() { grep -cE "$1" || true; }

# build_unit_tests FOLDER FLAG...: the program FOLDER/run.
build_unit_tests() {
    local out=$1 exporter
    shift
    rm -rf "$out"
    mkdir -p "$out"
    exporter=$(printf '%s\n' src/exporter/*.cpp | grep -v /exporter.cpp)
    # shellcheck disable=SC2016 # the inner shell's arguments
    printf '%s\n' src/core/*.cpp src/core/*/*.cpp src/store/segment_file.cpp "$exporter" test/unit/*.cpp | xargs -P "$(nproc)" -I{} sh -c '
        cxx=$1 source=$2 out=$3; shift 3
        $cxx -std=c++20 -O1 -g -Wall -Wextra -Wshadow -Werror -DELILE_UNIT_TEST -Isrc -Itest "$@" \
            -c "$source" -o "$out/$(echo "$source" | tr / _).o"' sh "$cxx" {} "$out" "$@"
    $cxx "$@" "$out"/*.o -lgtest -lgtest_main -lpthread \
        -lprometheus-cpp-core -lcivetweb -lseccomp -lcrypt -lz -o "$out/run"
}

# count_unit_tests LOG STATUS NAME: of such a program, whose output is shown when the status is bad.
count_unit_tests() {
    local good bad
    good=$(matches '^\[       OK' <"$1")
    bad=$(matches '^\[  FAILED  \] [^ ]+ \(' <"$1")
    (($2 == 0)) || { cat "$1" >&2; ((bad > 0)) || bad=1; }
    count "$good" "$bad" "$3"
}

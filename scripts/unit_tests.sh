# Sourced by the scripts that build the unit tests, which say where the root of the checkout is and what compiles.
# shellcheck shell=bash disable=SC2154 # cxx is the caller's

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

#!/usr/bin/env bash
# Formatting, layers, shellcheck over all shell scripts, tests that wait, and clang-tidy over src.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh lint
pg_config=$(scripts/pg_config.sh build)

# Those without an ending have a first line that says what they are.
shell_scripts() {
    find scripts test bench -name '*.sh' -print0
    grep -rlZE '^#!.*\bsh\b|^#!.*\bbash\b' .ci debian packaging
}

# A test polls; where it sleeps all the same, the line's end says for what.
check_sleeps() {
    if grep -nP '(?<![\\\w.])(?:u|nano)?sleep\b[ (]*[\d$]|\bselect[ (]*undef' test/t/*.pl test/t/lib/*.p[lm] |
        grep -vE ' # |lib/Patience\.pm:'; then
        echo "lint: a sleep without a poll" >&2
        return 1
    fi
}

scripts/check_layers.sh
scripts/format.sh check
check_sleeps
shell_scripts | xargs -0 -P "$(nproc)" -n 8 shellcheck -x
# shellcheck disable=SC2016 # the inner shell's arguments
find src -name '*.cpp' -print0 | xargs -0 -P "$(nproc)" -n 4 sh -c '
    include=$1; shift
    clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=c++20 -Isrc -D_GNU_SOURCE \
        -isystem "$include" 2>/dev/null' sh "$("$pg_config" --includedir-server)"
echo "lint: clean"

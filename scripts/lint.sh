#!/usr/bin/env bash
# Formatting, layers, and clang-tidy over src.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh lint
pg_config=$(scripts/pg_config.sh build)
scripts/check_layers.sh
find src test/unit bench -name '*.[ch]pp' -print0 | xargs -0 clang-format --dry-run -Werror
find src -name '*.cpp' -print0 | xargs -0 -P "$(nproc)" -n 4 sh -c '
    include=$1; shift
    clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=c++20 -Isrc -D_GNU_SOURCE \
        -isystem "$include" 2>/dev/null' sh "$("$pg_config" --includedir-server)"
echo "lint: clean"

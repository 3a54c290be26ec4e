#!/usr/bin/env bash
# Formats the C++ sources and the Perl scripts in place.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh lint
find src test/unit test/explore test/fuzz bench -name '*.[ch]pp' -print0 | xargs -0 clang-format -i
find scripts test -name '*.p[lm]' -print0 |
    xargs -0 perltidy --profile=.perltidyrc --backup-and-modify-in-place --backup-file-extension=/

#!/usr/bin/env bash
# Formats C++ by .clang-format and Perl by .perltidyrc: scripts/format.sh [check]. To check changes nothing, and fails
# where a file would change.
set -euo pipefail
cd "$(dirname "$0")/.."
cxx=(-i)
perl=(--backup-and-modify-in-place --backup-file-extension=/)
if [[ ${1:-} == check ]]; then
    cxx=(--dry-run -Werror)
    perl=(--assert-tidy --standard-error-output --standard-output)
fi
scripts/setup.sh lint
find src test/unit test/explore test/fuzz bench -name '*.[ch]pp' -print0 | xargs -0 clang-format "${cxx[@]}"
find scripts test -name '*.p[lm]' -print0 |
    xargs -0 -P "$(nproc)" -n 1 perltidy --profile=.perltidyrc "${perl[@]}" >/dev/null

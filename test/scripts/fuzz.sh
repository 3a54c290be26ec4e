#!/usr/bin/env bash
# No input ends a fuzz target, be it kept or new, and each target says what it did.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

takes_every_input() {
    local status=0
    SECONDS=4 scripts/fuzz.sh >"$figures" || status=$?
    cat "$figures"
    return "$status"
}

# Each target has a folder of inputs, and took more of them than were kept.
has_figures() {
    local folder target
    for folder in test/fuzz/corpus/*/; do
        target=$(basename "$folder")
        grep -E "^ok $target: [0-9]+ executions in [0-9]+ s, [0-9]+ edges covered, 0 crashes$" "$figures" |
            awk -v kept="$(find "$folder" -type f | wc -l)" '$3 > kept && $8 > 50 { good = 1 } END { exit !good }' ||
            { echo "$target"; return 1; }
    done
    [[ $(tail -n 1 "$figures") == "$(find test/fuzz/corpus -mindepth 1 -type d | wc -l) passed, 0 failed" ]]
}

check "no input ends a target" takes_every_input
check "each target says what it did" has_figures
exit "$failed"

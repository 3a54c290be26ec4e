#!/usr/bin/env bash
# What README, CONTRIBUTING and docs/ name is there and does something: the targets of make, and the scripts.
# shellcheck disable=SC2317,SC2016 # "check" calls the functions by name; backticks are the documents'
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh
unset MAKEFLAGS MFLAGS MAKELEVEL
documents=(README.md CONTRIBUTING.md docs/*.md)

# Commands are between backticks or lines of a block; a target follows make and what is set for it.
commands() {
    sed -nE 's/^( *(sudo )?make( .*)?)$/\1/p; s/^(.*&& .*)$/\1/p; s/^((scripts|bench)\/.*)$/\1/p' "${documents[@]}"
    grep -ohE '`[^`]*`' "${documents[@]}" | tr -d '`'
}
targets() {
    {
        commands | sed 's/#.*//' | sed 's/&&/\n/g' |
            sed -nE 's/^ *(sudo )?([A-Z_]+=[^ ]* )*make( [A-Z_]+=[^ ]*)*( ([a-z][a-z-]*))?( [A-Z_]+=[^ ]*)* *$/\5/p' |
            sed 's/^$/all/'
        commands | grep -xE 'check-[a-z]+'
    } | sort -u
}
scripts() { commands | grep -oE '\b(scripts|bench)/[a-z_]+\.(sh|pl|py)' | sort -u; }

# Its commands, as make says them, even if all is built.
does_something() {
    local said
    said=$(make -n -B "$1" 2>&1) || { echo "$said"; return 1; }
    [[ -n $said && $said != *"Nothing to be done"* && $said != *"is up to date"* ]] || { echo "make $1: $said"; return 1; }
    [[ $said != scripts/* && $said != bench/* ]] || [[ -x ${said%% *} ]]
}

# Each suite of check.sh.
has_target_for_each_suite() {
    local lacking
    lacking=$(comm -23 \
        <(sed -nE 's/^ +([a-z |]*)\) "check_\$suite" ;;/\1/p' scripts/check.sh | tr -d ' ' | tr '|' '\n' | sort) \
        <(targets | sed -n 's/^check-//p'))
    echo "$lacking"
    [[ -z $lacking ]]
}

ends_with_a_count() { [[ $(make -s check-dashboards 2>/dev/null | tail -n 1) =~ ^[0-9]+\ passed,\ [0-9]+\ failed$ ]]; }

mapfile -t found < <(targets)
check "the documents name targets: ${found[*]}" test "${#found[@]}" -ge 10
for target in "${found[@]}"; do
    check "make $target" does_something "$target"
done
for script in $(scripts); do
    check "$script" test -x "$script"
done
check "a target for each suite is named" has_target_for_each_suite
check "a check's last line is its count" ends_with_a_count
exit "$failed"

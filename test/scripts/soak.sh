#!/usr/bin/env bash
# What a soak takes for a fault in a server's log, and what it does not.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# faults_in LINE...: how many it finds in a log of these.
faults_in() {
    printf '2026-01-01 00:00:00.000 UTC [1] %s\n' "$@" >"$scratch/data.log"
    PYTHONPATH=test/soak:bench PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 - "$scratch" <<'PYTHON'
import pathlib
import sys
import types

from verdicts import Verdicts

faults = []
Verdicts(types.SimpleNamespace(scratch=pathlib.Path(sys.argv[1]), figures={}, count=lambda what: None,
                               fault=faults.append)).read_logs()
print(len(faults))
PYTHON
}
finds() {
    local wanted=$1 found
    shift
    found=$(faults_in "$@" | tail -n 1)
    [[ $found == "$wanted" ]] || { echo "$found faults instead of $wanted"; return 1; }
}

backend="client backend"
check "a leak is a fault" finds 1 "$backend 01000 WARNING:  01000: temporary file leak: File 7 still referenced"
check "a detail that has its words is none" finds 0 \
    "$backend 23503 ERROR:  23503: update or delete on table \"a\" violates foreign key constraint \"b_fk\" on table \"b\"" \
    "$backend 23503 DETAIL:  Key (id)=(1) is still referenced from table \"b\"." \
    "$backend 23503 LOCATION:  ri_ReportViolation, ri_triggers.c:2528"
check "an internal error of our sources is a fault" finds 1 \
    "$backend XX000 ERROR:  XX000: what never happens" "$backend XX000 LOCATION:  Count, execution.cpp:1"
check "a user's error of theirs is none" finds 0 \
    "$backend 22023 ERROR:  22023: there is no such group" "$backend 22023 LOCATION:  Find, groups.cpp:1"
exit "$failed"

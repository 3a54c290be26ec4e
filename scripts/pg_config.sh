#!/usr/bin/env bash
# Prints the pg_config of the server that all here is built for and run with: the caller's PG_CONFIG, or else that of
# the newest of the distribution's servers, or else the one in PATH. It must have a server and its headers; with the
# word "build" headers are enough. Where something is missing its package is named, and the status is 1.
set -euo pipefail
needs=${1:-server}
lacking=()
packages=()

say() { printf 'pg_config: %s\n' "$*" >&2; }

# ask PG_CONFIG OPTION: nothing where the program is not there or fails.
ask() { "$1" "$2" 2>/dev/null || true; }

# is_whole PG_CONFIG: sets lacking, and packages without their version.
is_whole() {
    lacking=()
    packages=()
    if [[ $needs != build && ! -x $(ask "$1" --bindir)/postgres ]]; then
        lacking+=("no server")
        packages+=(postgresql)
    fi
    if [[ ! -f $(ask "$1" --includedir-server)/postgres.h || ! -f $(ask "$1" --pgxs) ]]; then
        lacking+=("no server headers")
        packages+=(postgresql-server-dev)
    fi
    ((${#lacking[@]} == 0))
}

# name_packages PG_CONFIG: the next step.
name_packages() {
    local bin major
    bin=$(ask "$1" --bindir)
    major=$(sed -nE 's,^/usr/lib/postgresql/([0-9]+)/bin$,\1,p' <<<"${bin:-${1%/*}}")
    if [[ -n $major ]]; then
        echo "install ${packages[*]/%/-$major}, or set PG_CONFIG to that of another server"
    else
        echo "set PG_CONFIG to that of a server which was installed whole"
    fi
}

check_given() {
    local what
    ! is_whole "$PG_CONFIG" || return 0
    printf -v what ' and %s' "${lacking[@]}"
    what=has${what# and}
    command -v -- "$PG_CONFIG" >/dev/null || what="is not there"
    say "$PG_CONFIG (PG_CONFIG) $what; $(name_packages "$PG_CONFIG")"
    return 1
}

choose() {
    local candidate
    while read -r candidate; do
        ! is_whole "$candidate" || { echo "$candidate"; return 0; }
    done < <(
        printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -Vr
        command -v pg_config
    )
    say "there is no PostgreSQL server with its headers; run scripts/setup.sh, or set PG_CONFIG"
    return 1
}

if [[ -n ${PG_CONFIG:-} ]]; then
    check_given
    command -v -- "$PG_CONFIG"
else
    choose
fi

#!/usr/bin/env bash
# The demo and a suite, in the places and with the sessions that people have; and what is said where that can't be.
# shellcheck disable=SC2016,SC2317 # what "bash -c" is given expands there; "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

# Where a program is taken from, without those that minimal systems lack.
make_path() {
    local folder file
    mkdir "$scratch/bin"
    while read -r folder; do
        for file in "$folder"/*; do
            [[ ! -x $file || -e $scratch/bin/${file##*/} ]] || ln -s "$file" "$scratch/bin/"
        done
    done < <(tr : '\n' <<<"$PATH")
    rm -f "$scratch"/bin/{pkill,pgrep,ps,pidof,killall}
}

# What it was built into comes along, so that nothing is compiled again or downloaded.
make_copy() {
    local built
    copy="$scratch/a checkout"
    mkdir -p "$copy/build"
    tar -c --exclude=./.git --exclude=./build . | tar -x -C "$copy"
    for built in build/{exporter,server,programs,absent-packages}; do
        [[ ! -e $built ]] || cp -a "$built" "$copy/build/"
    done
}

another_locale() { { locale -a | grep -vE '^(C|POSIX)' || echo de_DE.UTF-8; } | head -n 1; }

# in_session PROGRAM ARGUMENT...: with a job's ignored SIGINT, no HOME, and settings for other servers.
in_session() {
    (
        umask 077
        cd "$copy"
        exec test/scripts/refuse_personality.pl env --ignore-signal=INT -u HOME PATH="$scratch/bin" CDPATH=/:. \
            TMPDIR="$scratch" LC_ALL="$(another_locale)" LANGUAGE=de PGHOST=/nowhere PGPORT=1 PGUSER=nobody \
            PGDATABASE=none PGSERVICE=none PGOPTIONS='-c nothing=1' PGDATA=/nowhere PG_CONFIG="$pg_config" \
            timeout 600 "$@"
    )
}

run_demo() { in_session env DURATION=1 SCALE=0.02 make demo; }
run_suite() { in_session scripts/check.sh isolation 2>&1 | tee "$scratch/said" && grep -qE "^[1-9][0-9]* passed, 0 failed$" "$scratch/said"; }
# As somebody at a terminal ends the TAP tests while one of their servers runs.
interrupt_suite() {
    local job server pid_files tries=0 status=0
    TMPDIR=$scratch env --default-signal=INT setsid scripts/check.sh tap &
    job=$!
    until pid_files=$(find "$scratch"/elile.*/t/tmp_check -maxdepth 3 -name postmaster.pid -size +0 2>/dev/null | grep .); do
        sleep 0.2
        ((++tries < 1500)) || return
    done
    server=$(xargs head -q -n 1 <<<"$pid_files" | head -n 1)
    kill -INT -- "-$job"
    wait "$job" || status=$?
    ((status == 130)) && ! kill -0 "$server"
}

leaves_nothing() { [[ -z $(find "$scratch" -mindepth 1 -maxdepth 1 -name 'elile.*' -print) ]]; }

# scratch_with TMPDIR: prints which folder is taken then, and what is said.
scratch_with() { TMPDIR=$1 bash -c 'source scripts/lib.sh && make_scratch && echo "taken: ${scratch%/*}"' 2>&1; }
takes_folder() { scratch_with "$1" | grep -x "taken: $1"; }
passes_over() { scratch_with "$1" | tee "$scratch/said" | grep -xE 'taken: (/var)?/tmp' && grep -q "$2" "$scratch/said"; }

# names FRAGMENT COMMAND...: the command fails and says that.
names() {
    local fragment=$1
    shift
    ! "$@" >"$scratch/said" 2>&1 || return
    cat "$scratch/said"
    grep -qF -- "$fragment" "$scratch/said"
}

make_scratch
make_path
make_copy
check "the demo runs in a folder with a space, with SIGINT ignored and no pkill" run_demo
check "a suite runs so" run_suite
check "tests that are interrupted end with their servers" interrupt_suite
check "nothing is left" leaves_nothing

mkdir "$scratch/usable" "$scratch/with space"
mkdir -m 0 "$scratch/closed"
long=$scratch/$(printf '%060d' 0)
mkdir "$long"
check "TMPDIR is taken" takes_folder "$scratch/usable"
check "a path with a space is passed over" passes_over "$scratch/with space" 'unusual characters'
check "one too long for a socket is passed over" passes_over "$long" 'more than 60'
check "one that the server's user may not enter is passed over" passes_over "$scratch/closed" 'is no folder for servers'

absent=/usr/lib/postgresql/99/bin/pg_config
check "a PG_CONFIG that is absent names its packages" \
    names 'install postgresql-99 postgresql-server-dev-99' env PG_CONFIG=$absent scripts/pg_config.sh
check "building names them too" names 'install postgresql-server-dev-99' make PG_CONFIG=$absent
make_tree
check "a server without its headers is named" \
    names 'has no server headers; set PG_CONFIG' env PG_CONFIG="$bin/pg_config" scripts/setup.sh
exit "$failed"

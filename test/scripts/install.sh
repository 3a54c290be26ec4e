#!/usr/bin/env bash
# `make install` over a server that runs: its clients, new sessions and the exporter notice nothing, and under no name
# is there ever a part of a file.
# shellcheck disable=SC2317,SC2154 # "check" calls the functions by name; lib and share are of lib.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh
unset MAKEFLAGS MFLAGS MAKELEVEL
metrics_port=$((20000 + RANDOM % 30000))

ask() { run_psql -At -c "$1" postgres; }
scrape() { curl -sS -m 10 -o /dev/null "http://127.0.0.1:$metrics_port/metrics"; }
# The private copy's folders are those of the installation, below another one.
install_once() { make -s install PG_CONFIG="$pg_config" DESTDIR="$tree"; }
files() { printf '%s\n' "$lib"/*elile_optimize* "$share"/extension/*elile_optimize*; }
hash_files() { files | xargs -d '\n' sha256sum; }

# wait_for COMMAND...: for a minute.
wait_for() {
    local try
    for ((try = 0; try < 600; ++try)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "in vain: $*"
    tail -n 20 "$data.log"
    return 1
}

# start_client NAME OPTION...: of pgbench. It ends at its first error.
start_client() {
    local name=$1
    shift
    as_user "$bin/pgbench" -h "$scratch" -p "$port" -U postgres -n -c 1 -R 50 -T 3600 \
        -f "$scratch/client.sql" "$@" postgres >"$scratch/$name.log" 2>&1 &
    clients+=($!)
}

clients_go_on() {
    local client
    for client in "${clients[@]}"; do
        kill -0 "$client" || { cat "$scratch"/*client.log; return 1; }
    done
    ! grep -iE 'error|aborted' "$scratch"/*client.log || return
    [[ $(ask 'select pg_postmaster_start_time()') == "$started" ]] || return
    ! grep -E 'terminated by signal|PANIC|FATAL' "$data.log"
}

# Reads each file again and again; what differs from before is told.
watch_files() {
    until [[ -e $scratch/enough ]]; do
        sha256sum --quiet -c "$scratch/hash" 2>&1 || true
    done >"$scratch/watched"
}

replaces_under_load() {
    local watcher round
    watch_files &
    watcher=$!
    for round in 1 2 3 4 5; do
        install_once || { echo "in round $round"; return 1; }
    done
    touch "$scratch/enough"
    wait "$watcher"
    [[ ! -s $scratch/watched ]] || { cat "$scratch/watched"; return 1; }
    exec 9<"$lib/elile_optimize.so"
    install_once
    # The one before is still held open, so its number is not taken again.
    [[ $(stat -c %i "$lib/elile_optimize.so") != $(stat -L -c %i /dev/fd/9) ]] || return
    exec 9<&-
}

# A file that may not grow beyond a megabyte stands for a disk that is full in the middle of it.
leaves_the_old_where_it_fails() {
    ! (ulimit -f 1024 && install_once) || { echo "it did not fail"; return 1; }
    diff "$scratch/hash" <(hash_files)
}

# exporter_process [" (deleted)"]: the number of the process that runs it, or the file that was there before.
exporter_process() {
    local process
    for process in /proc/[0-9]*; do
        [[ $(readlink "$process/exe") != "$lib/elile_optimize_exporter${1:-}" ]] || echo "${process#/proc/}"
    done
}
runs_from_file() { [[ -n $(exporter_process) ]]; }
starts_exporter_anew() {
    kill -KILL "$(exporter_process ' (deleted)')"
    wait_for runs_from_file && wait_for scrape
}

# Of the same sources but for the number.
make_other_exporter() {
    local folder=$scratch/other
    mkdir "$folder"
    tar -c Makefile src build/exporter scripts elile_optimize.control | tar -x -C "$folder"
    sed -i 's/kVersion = ".*"/kVersion = "0.1"/' "$folder/src/core/version.hpp"
    make -s -C "$folder" PG_CONFIG="$pg_config" elile_optimize_exporter
}
state() { ask 'select exporter_state from elile_optimize.info'; }
says_what_to_do() { [[ $(state) == "cannot start: "*"of different versions: restart the server"* ]]; }
is_listening() { [[ $(state) == listening ]]; }
tells_another_version() {
    make_other_exporter
    scripts/install.sh "$scratch/other/elile_optimize_exporter" "$lib/"
    kill -KILL "$(exporter_process ' (deleted)')"
    wait_for says_what_to_do || return
    [[ $(grep -c 'WARNING: .*could not start the exporter.*of different versions' "$data.log") == 1 ]] || return
    install_once
    wait_for is_listening && wait_for scrape
}

uninstalls() {
    make -s uninstall PG_CONFIG="$pg_config" DESTDIR="$tree"
    ! files | grep -v '\*'
}

make_scratch
make_tree
install_once
hash_files >"$scratch/hash"
start_server "elile_optimize.metrics_port = $metrics_port"
run_psql -c 'create extension elile_optimize' postgres >/dev/null 2>&1
echo 'select count(*) from elile_optimize.statements;' >"$scratch/client.sql"
chmod a+r "$scratch/client.sql"
started=$(ask 'select pg_postmaster_start_time()')
clients=()
start_client old_client
start_client new_client -C
check "the exporter serves" wait_for scrape
check "files are replaced whole, by others" replaces_under_load
check "sessions old and new notice nothing" clients_go_on
check "the exporter serves on" scrape
check "an install that fails leaves what was there" leaves_the_old_where_it_fails
install_once
check "an exporter that ends is started from the new file" starts_exporter_anew
check "an exporter of another version says what to do, and the right one is started" tells_another_version
check "sessions go on beside it" clients_go_on
check "nothing is left beside the files" diff "$scratch/hash" <(hash_files)
check "uninstall takes all of it away" uninstalls
exit "$failed"

# Sourced by the scripts that run servers: a throwaway directory, a private copy of the PostgreSQL
# installation with the extension in it, and a server on a free loopback port. Nothing is installed
# into the system, and all of it goes when the script ends, however it ends.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pg_config=$("$root/scripts/pg_config.sh")
scratch=
data=
port=

say() { printf '== %s\n' "$*" >&2; }

# Servers refuse to run as root.
as_user() {
    if ((EUID == 0)); then
        (cd / && exec runuser -u postgres -- "$@")
    else
        (cd / && exec "$@")
    fi
}

clean_up() {
    local status=$? pid_file
    trap - EXIT INT TERM
    if [[ -n $scratch && -z ${keep_scratch:-} ]]; then
        for pid_file in "$scratch"/*/postmaster.pid; do
            # One that is gone already is no reason to leave the rest here.
            [[ ! -f $pid_file ]] ||
                as_user "$bin/pg_ctl" -D "${pid_file%/*}" -m immediate -w stop >/dev/null 2>&1 || true
        done
        rm -rf "$scratch"
    fi
    exit "$status"
}

make_scratch() {
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # A socket's path has at most 107 bytes, so the directory is not below a long TMPDIR.
    scratch=$(mktemp -d /tmp/elile.XXXXXX)
    chmod 755 "$scratch"
    ((EUID != 0)) || chown postgres: "$scratch"
}

# copy_files FROM TO: files of its own for what is a file or a link to one. A link to the installation
# would lead whoever replaces a file of the copy to the file of the server that runs from there.
copy_files() {
    mkdir -p "$2"
    (cd "$1" && find -L . -type f -print0) |
        tar -C "$1" -c -h --hard-dereference --null -T - | tar -C "$2" -x --no-same-owner
}

# PostgreSQL finds its files relative to its programs, so a copy of those makes a tree of its own.
make_tree() {
    local own_bin own_lib own_share
    own_bin=$("$pg_config" --bindir)
    own_lib=$("$pg_config" --pkglibdir)
    own_share=$("$pg_config" --sharedir)
    tree=$scratch/pg
    bin=$tree$own_bin
    lib=$tree$own_lib
    share=$tree$own_share
    # Debian's programs are below /usr; the tree mirrors the same layout below itself.
    copy_files "$own_bin" "$bin"
    copy_files "$own_lib" "$lib"
    copy_files "$own_share" "$share"
    chmod -R u+w "$tree"
    cp "$root/elile_optimize.so" "$root/elile_optimize_exporter" "$lib/"
    cp "$root/elile_optimize.control" "$root"/sql/elile_optimize--*.sql "$share/extension/"
    chmod -R a+rX "$tree"
}

build() {
    say "building"
    make -s -C "$root" -j"$(nproc)" all >/dev/null
}

# make_cluster NAME: a cluster in $scratch/NAME that nothing runs on yet; sets data.
make_cluster() {
    data=$scratch/$1
    as_user "$bin/initdb" -D "$data" -A trust -U postgres --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null
    as_user tee -a "$data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$scratch'
fsync = off
CONF
}

# start_cluster NAME CONFIGURATION-LINE...: sets data and port.
start_cluster() {
    data=$scratch/$1
    shift
    printf '%s\n' "$@" | as_user tee -a "$data/postgresql.conf" >/dev/null
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 30000))
        if as_user "$bin/pg_ctl" -D "$data" -l "$data.log" -w -s -o "-p $port" start >/dev/null 2>&1; then
            return 0
        fi
        grep -q 'could not bind' "$data.log" || break
    done
    cat "$data.log" >&2
    say "the server did not start (try $try)"
    return 1
}

# start_server CONFIGURATION-LINE...: one with the extension; sets data and port.
start_server() {
    make_cluster data
    start_cluster data "shared_preload_libraries = 'elile_optimize'" "$@"
}

run_psql() { as_user "$bin/psql" -X -q -h "$scratch" -p "$port" -U postgres -v ON_ERROR_STOP=1 "$@"; }

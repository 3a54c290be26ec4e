# Sourced by the scripts that run servers: a throwaway directory, a private copy of the PostgreSQL
# installation with the extension in it, and a server on a free loopback port. Nothing is installed
# into the system, and all of it goes when the script ends, however it ends.
# shellcheck shell=bash

# What the caller's session says of servers, languages and modes of files is not for throwaway servers.
unset CDPATH LANGUAGE "${!LC_@}"
export LC_ALL=C.UTF-8
umask 022
for variable in "${!PG@}"; do
    [[ $variable == PG_* ]] || unset "$variable"
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pg_config=$("$root/scripts/pg_config.sh")
scratch=
data=
port=

say() { printf '== %s\n' "$*" >&2; }
stop() {
    say "$*"
    exit 1
}

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
        # The tests' own servers too, which outlive tests that are interrupted. One that is gone already is no reason
        # to leave the rest here.
        while IFS= read -r -d '' pid_file; do
            as_user "$bin/pg_ctl" -D "${pid_file%/*}" -m immediate -w stop >/dev/null 2>&1 || true
        done < <(find "$scratch" -maxdepth 6 -name postmaster.pid -type f -print0)
        rm -rf "$scratch"
    fi
    exit "$status"
}

# try_folder FOLDER: makes scratch in it, and says why where that can't be.
try_folder() {
    local made
    # Settings and programs' arguments have the path in them, and a socket's has at most 107 bytes.
    if [[ ! $1 =~ ^/[A-Za-z0-9/._+@=-]{0,60}$ ]]; then
        say "$1 is no folder for servers: its path has unusual characters or more than 60 of them"
    elif made=$(mktemp -d "$1/elile.XXXXXX"); then
        scratch=$made
        chmod 755 "$scratch"
        ((EUID != 0)) || chown postgres: "$scratch"
        cp "$(type -P true)" "$scratch/probe"
        if as_user "$scratch/probe" 2>/dev/null; then
            rm "$scratch/probe"
            return 0
        fi
        rm -r "$scratch"
        scratch=
        say "$1 is no folder for servers: their user may not enter it, or it is mounted noexec"
    fi
    return 1
}

make_scratch() {
    ((EUID != 0)) || id -u postgres >/dev/null 2>&1 ||
        stop "servers do not run as root, and there is no user postgres: useradd -r -U postgres"
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    { [[ ${TMPDIR:-/tmp} != /tmp ]] && try_folder "$TMPDIR"; } || try_folder /tmp || try_folder /var/tmp ||
        stop "set TMPDIR to a folder in which the user $(as_user id -un) may run programs"
    export TMPDIR=$scratch/tmp
    mkdir -m 1777 "$TMPDIR"
}

# pick_port VARIABLE: one that nobody listens on, below those that outgoing connections get.
pick_port() {
    local candidate
    while candidate=$((20000 + RANDOM % 12000)) && (: >"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; do :; done
    printf -v "$1" %s "$candidate"
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

# Other extensions of the distribution's into the private copy, which may have some already; the machine's own server
# gets none.
add_neighbours() {
    local from
    "$root/scripts/neighbours.sh"
    from=$root/build/neighbours-$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
    [[ -d $from ]] || return 0
    cp --remove-destination "$from"/lib/* "$lib/"
    cp --remove-destination "$from"/extension/* "$share/extension/"
    chmod -R a+rX "$lib" "$share/extension"
}

build() {
    local version
    version=$("$pg_config" --version)
    say "building for ${version%% (*}, $pg_config"
    make -s -C "$root" -j"$(nproc)" PG_CONFIG="$pg_config" ${CXX:+"CXX=$CXX"} all ||
        stop "the build failed, as the compiler says above; scripts/setup.sh installs what it needs"
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
        pick_port port
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

# Sourced by the scripts that try other suites of Debian: a suite in a folder of its own. Nothing outside that folder
# and build/debs is written, and nothing is mounted where another process could see it.
# shellcheck shell=bash

debs=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/debs

# Whether chroots can be had here, where debootstrap may be installed for them; if not, it prints the next step.
can_chroot() {
    if ((EUID != 0)); then
        echo "a chroot is root's alone: run this with sudo"
    elif ! has_debootstrap; then
        echo "there is no debootstrap: apt-get install debootstrap"
    elif ! unshare --mount --pid --fork true 2>/dev/null; then
        echo "this machine forbids mount namespaces: in a container, run it with --privileged"
    else
        return 0
    fi
    return 1
}

has_debootstrap() {
    command -v debootstrap >/dev/null ||
        { apt-get -qq update && apt-get -qq -y --no-install-recommends install debootstrap; } >/dev/null 2>&1
}

# Where the machine's own packages come from; DEBIAN_MIRROR names another one.
debian_mirror() {
    local mirror=${DEBIAN_MIRROR:-}
    # shellcheck disable=SC2016 # apt expands these
    [[ -n $mirror ]] || mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^Debian //p' | sed -n 1p)
    echo "${mirror:-http://deb.debian.org/debian}"
}

# in_chroot FOLDER COMMAND...: with /proc and /dev/pts, which only it sees. Whatever it leaves running ends with it,
# however it ends.
in_chroot() {
    # shellcheck disable=SC2016 # the inner shell expands these
    unshare --mount --pid --fork --kill-child sh -c '
        trap "exit 130" INT
        trap "exit 143" TERM
        mount -t proc proc "$0/proc" && mount --bind /dev/pts "$0/dev/pts" || exit
        chroot "$0" env -u TMPDIR HOME=/root LC_ALL=C.UTF-8 "$@"' "$@"
}

chroot_apt() {
    local folder=$1
    shift
    in_chroot "$folder" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -y \
        --no-install-recommends "$@" </dev/null
}

# Packages are downloaded once: chroots of one suite and the store of its packages have them as links to one file.
share_debs() {
    local folder=$1 suite=$2 from=$1/var/cache/apt/archives
    mkdir -p "$debs/$suite" "$from"
    case $3 in
        in) set -- "$debs/$suite" "$from" ;;
        out) set -- "$from" "$debs/$suite" ;;
    esac
    find "$1" -maxdepth 1 -name '*.deb' -exec cp -ln -t "$2" {} + 2>/dev/null ||
        find "$1" -maxdepth 1 -name '*.deb' -exec cp -n -t "$2" {} +
}

# No daemon starts, the server's package makes no cluster, and what is throwaway is not written through to the disk.
configure_chroot() {
    local folder=$1 suite=$2 mirror=$3
    shift 3
    printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
    chmod 755 "$folder/usr/sbin/policy-rc.d"
    mkdir -p "$folder/etc/postgresql-common/createcluster.d"
    echo 'create_main_cluster = false' >"$folder/etc/postgresql-common/createcluster.d/none.conf"
    echo force-unsafe-io >"$folder/etc/dpkg/dpkg.cfg.d/unsafe-io"
    # How the machine reaches its mirror, and whether it minds lists that have expired, holds here too.
    {
        echo 'Acquire::Languages "none";'
        apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy) ' || true
    } >"$folder/etc/apt/apt.conf.d/99elile"
    echo "deb $mirror $suite main" >"$folder/etc/apt/sources.list"
    [[ ${1:-} == experimental ]] || return 0
    # Not even its newest list is always one that has not expired. Of its packages only PostgreSQL's are wanted.
    echo "deb [check-valid-until=no] $mirror experimental main" >>"$folder/etc/apt/sources.list"
    printf '%s\n' 'Package: src:postgresql-*' 'Pin: release a=experimental' 'Pin-Priority: 600' \
        >"$folder/etc/apt/preferences.d/experimental"
}

# make_chroot SUITE FOLDER [experimental]: Debian's smallest system of that suite. One that is there from an earlier
# call is brought up to date. A failure's output goes to standard error.
make_chroot() {
    local suite=$1 folder=$2 mirror log=$2.log
    mirror=$(debian_mirror)
    can_chroot >&2 || return
    mkdir -p "$(dirname "$folder")" "$debs/$suite"
    {
        if [[ ! -f $folder/var/lib/elile_complete ]]; then
            remove_chroot "$folder" && bootstrap "$suite" "$folder" "$mirror"
        fi && configure_chroot "$folder" "$suite" "$mirror" "${@:3}" && chroot_apt "$folder" update &&
            share_debs "$folder" "$suite" in && chroot_apt "$folder" dist-upgrade &&
            share_debs "$folder" "$suite" out && touch "$folder/var/lib/elile_complete"
    } >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
    rm -f "$log"
}

# debootstrap mounts while it works, so it too has mounts of its own. A suite that is newer than it is made as sid is.
bootstrap() {
    local suite=$1 folder=$2 mirror=$3 script=/usr/share/debootstrap/scripts
    [[ -f $script/$suite ]] && script+=/$suite || script+=/sid
    unshare --mount --pid --fork --kill-child debootstrap --variant=minbase --cache-dir="$debs/$suite" \
        "$suite" "$folder" "$mirror" "$script"
}

# Nothing is mounted in it, and what somebody mounted nevertheless is not entered.
remove_chroot() {
    if grep -qs " $(realpath -m "$1")/" /proc/self/mounts; then
        echo "something is mounted below $1: umount it first" >&2
        return 1
    fi
    rm -rf --one-file-system "$1"
}

# install_in_chroot SUITE FOLDER PACKAGE...
install_in_chroot() {
    local suite=$1 folder=$2
    shift 2
    share_debs "$folder" "$suite" in && chroot_apt "$folder" install "$@" && share_debs "$folder" "$suite" out
}

# copy_checkout FOLDER: the files of this checkout as they are now, without what was built from them. What was built
# in FOLDER from an earlier copy stays: a file that differs there is as new as the copy, so what needs it is built again.
copy_checkout() {
    local to=$1 new=$1.new file
    rm -rf "$new"
    mkdir -p "$to" "$new"
    tar -C "${debs%/build/debs}" -c --exclude=./build --exclude=./.git --exclude='*.o' --exclude='*.d' \
        --exclude='*.so' --exclude=./elile_optimize_exporter . | tar -C "$new" -x --no-same-owner
    while IFS= read -r -d '' file; do
        [[ -f $new/$file ]] || rm "$to/$file"
    done < <(find "$to" -type f ! -name '*.o' ! -name '*.d' ! -name '*.so' ! -path "$to/build/*" -printf '%P\0')
    while IFS= read -r -d '' file; do
        cmp -s "$new/$file" "$to/$file" || { mkdir -p "$to/${file%/*}" && cp --preserve=mode -T "$new/$file" "$to/$file"; }
    done < <(cd "$new" && find . -type f -printf '%p\0')
    rm -rf "$new"
}

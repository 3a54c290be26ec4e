#!/usr/bin/env bash
# Upgrades a cluster with the extension in use from one PostgreSQL to another: scripts/check_upgrade.sh [15-17] [18-19].
# Each pair has a Debian of its own in build/upgrade, which the next run takes again. Needs root and debootstrap.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/chroot.sh
source scripts/chroot.sh

passed=0
failed=0
common=(make g++ libkrb5-dev prometheus-cpp-dev libcivetweb-dev libseccomp-dev libcrypt-dev zlib1g-dev)

say() { printf '== %s\n' "$*" >&2; }

# make_pair OLD NEW FOLDER: a suite that has the new version, with the old one from where that is.
make_pair() {
    local old=$1 new=$2 folder=$3
    case $old-$new in
        15-17)
            make_chroot trixie "$folder" || return
            echo "deb $(debian_mirror) bookworm main" >>"$folder/etc/apt/sources.list"
            ;;
        18-19)
            make_chroot testing "$folder" experimental || return
            ;;
    esac
    if ! {
        chroot_apt "$folder" update && install_in_chroot "$1-$2" "$folder" "${common[@]}" &&
            install_in_chroot "$1-$2" "$folder" "postgresql-$old" "postgresql-server-dev-$old" \
                "postgresql-$new" "postgresql-server-dev-$new"
    } >"$folder.log" 2>&1; then
        tail -n 20 "$folder.log" >&2
        return 1
    fi
}

# install_extension VERSION FOLDER: into that server of the chroot, built in a checkout of its own.
install_extension() {
    local version=$1 folder=$2 log=$2.log
    copy_checkout "$folder/root/elile-$version"
    # A make that was killed has left its own, and the next one has its process number.
    rm -f "$folder"/tmp/GMfifo*
    in_chroot "$folder" make -s -C "/root/elile-$version" -j"$(nproc)" DEV=1 \
        PG_CONFIG="/usr/lib/postgresql/$version/bin/pg_config" all install >"$log" 2>&1 ||
        { tail -n 40 "$log" >&2; return 1; }
}

# The test's lines, of which those that are not ok are counted and shown.
run_pair() {
    local old=$1 new=$2 folder=$3 log=$3.log good bad status=0
    rm -rf "$folder/tmp/elile-test"
    mkdir -p "$folder/tmp/elile-test"
    cp -r test/upgrade test/workload "$folder/tmp/elile-test/"
    chmod -R a+rX "$folder/tmp/elile-test"
    in_chroot "$folder" runuser -u postgres -- /tmp/elile-test/upgrade/check.sh "/usr/lib/postgresql/$old/bin" \
        "/usr/lib/postgresql/$new/bin" >"$log" 2>&1 || status=$?
    good=$(grep -c '^ok ' "$log" || true)
    bad=$(grep -c '^not ok ' "$log" || true)
    if ((status != 0)); then
        grep -v '^ok ' "$log" >&2 || true
        ((bad > 0)) || bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    grep '^# client: ' "$log" >&2 || true
    say "PostgreSQL $old to $new: $good passed, $bad failed"
}

try_pair() {
    local old=${1%-*} new=${1#*-} folder=$PWD/build/upgrade/$1
    say "PostgreSQL $old to $new: its Debian"
    make_pair "$old" "$new" "$folder" || return
    say "PostgreSQL $old to $new: building"
    install_extension "$old" "$folder" && install_extension "$new" "$folder" || return
    say "PostgreSQL $old to $new: pg_upgrade"
    run_pair "$old" "$new" "$folder"
}

pairs=("$@")
((${#pairs[@]})) || pairs=(15-17 18-19)
for pair in "${pairs[@]}"; do
    case $pair in
        15-17 | 18-19) ;;
        *) echo "usage: $0 [15-17] [18-19]" >&2; exit 2 ;;
    esac
done
can_chroot >&2 || exit
for pair in "${pairs[@]}"; do
    try_pair "$pair" || failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))

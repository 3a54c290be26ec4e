#!/usr/bin/env bash
# Builds Debian's package and tries it: scripts/package.sh [bookworm|trixie|testing|sid|experimental ...]. One chroot
# of the suite builds it, twice, another one that has nothing else installs it, runs its tests and follows the README.
# What was made and said is in build/package/SUITE.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/chroot.sh
source scripts/chroot.sh

version=$(sed -nE '1s/.*\((.*)-[^-]*\).*/\1/p' debian/changelog)
source_name=elile-optimize-$version
passed=0
failed=0

# check NAME COMMAND...: what it prints goes to a file of that name, and is shown when the command fails.
check() {
    local log="$results/${1// /-}.txt" name=$1
    shift
    echo "== $suite: $name" >&2
    if "$@" >"$log" 2>&1; then
        echo "ok $suite: $name"
        passed=$((passed + 1))
    else
        tail -n 50 "$log" >&2
        echo "not ok $suite: $name"
        failed=$((failed + 1))
        return 1
    fi
}

# In experimental is the next major version, beside what sid has.
choose_suite() {
    folder=build/package/$suite
    builder=$PWD/$folder/builder bare=$PWD/$folder/bare results=$PWD/$folder
    base=$suite extra=() supported=()
    [[ $suite != experimental ]] || base=sid extra=(experimental)
    mkdir -p "$results"
}

make_chroots() {
    make_chroot "$base" "$builder" "${extra[@]}" && make_chroot "$base" "$bare" "${extra[@]}" || return
    [[ $suite == experimental ]] || return 0
    newest=$(in_chroot "$builder" apt-cache search --names-only '^postgresql-server-dev-[0-9]+$' |
        sed -E 's/^postgresql-server-dev-([0-9]+) .*/\1/' | sort -n | tail -n 1)
    supported=(PG_SUPPORTED_VERSIONS="$newest")
}

# shellcheck disable=SC2016 # the inner shell expands these
in_source() {
    local name=$1
    shift
    in_chroot "$builder" env "${supported[@]}" DEB_BUILD_OPTIONS="parallel=$(nproc)" sh -c 'cd "$0" && exec "$@"' \
        "/build/$name/$source_name" "$@"
}

# unpack NAME: what is committed, as Debian wants a source: the archive, and beside it debian/.
unpack() {
    local folder=$builder/build/$1
    rm -rf "$folder"
    mkdir -p "$folder"
    git archive --format=tar --prefix="$source_name/" HEAD -- . ':!debian' |
        gzip -9n >"$folder/elile-optimize_$version.orig.tar.gz"
    tar -C "$folder" -xzf "$folder/elile-optimize_$version.orig.tar.gz"
    git archive HEAD debian | tar -C "$folder/$source_name" -x
}

install_tools() {
    local tools=(build-essential fakeroot lintian)
    [[ $suite != experimental ]] || tools+=("postgresql-server-dev-$newest")
    install_in_chroot "$base" "$builder" "${tools[@]}" && unpack first &&
        in_source first apt-get -qq -y --no-install-recommends build-dep ./
}

# Everything that is made goes by debian/control, which is one suite's as it is committed.
build_package() {
    unpack "$1" && in_source "$1" pg_buildext updatecontrol && in_source "$1" dpkg-buildpackage -us -uc &&
        ls "$builder/build/$1"/*.deb
}

# A file in another folder, with the same bytes.
builds_are_equal() {
    local package
    build_package a-second-time || return
    for package in "$builder"/build/first/*.deb; do
        sha256sum "$package" "$builder/build/a-second-time/${package##*/}"
        cmp "$package" "$builder/build/a-second-time/${package##*/}" || return
    done
}

run_lintian() {
    in_source first sh -c 'lintian --allow-root --fail-on error --display-info --pedantic ../*.changes'
}

keep_packages() {
    find "$builder/build/first" -maxdepth 1 -type f -exec cp -t "$results" {} +
    rm -rf "$bare/packages"
    mkdir -p "$bare/packages"
    find "$builder/build/first" -maxdepth 1 -type f -exec cp -t "$bare/packages" {} +
    chmod -R a+rX "$bare/packages"
}

# The server's package makes its cluster here, as it does for everybody.
install_package() {
    local package name
    rm -f "$bare/etc/postgresql-common/createcluster.d/none.conf"
    keep_packages
    for package in "$bare"/packages/postgresql-*-elile-optimize_*.deb; do
        name=${package##*/}
        chroot_apt "$bare" install "/packages/$name" || return
        in_chroot "$bare" dpkg -L "${name%%_*}"
    done
}

# Settings and statements of the README and of the pages that show work on a server, in their order; what they ask about is
# made once the extension is there.
write_readme() {
    local folder=$bare/readme documents=(README.md docs/n-plus-one.md docs/pools.md docs/index-set.md)
    rm -rf "$folder"
    mkdir -p "$folder"
    cp test/packages/before.sql test/packages/follow_readme.sh test/workload/schema.sql "$folder/"
    {
        echo "select entity_id from entities where tenant_id = (select tenant_id from tenants where slug = 'acme') limit 50;"
        printf "select * from entity_profiles where entity_id = '%032d';\n" {1..50}
    } >"$folder/loop.sql"
    grep -hE "^(shared_preload_libraries|elile_optimize\.metrics_port) = " "${documents[@]}" >"$folder/postgresql.conf"
    awk '/^```/ { fence = !fence; sql = ($0 == "```sql"); next }
        !fence { next }
        sub(/^# /, "") { open = 1 }
        sql || open { print; if (/;/) open = 0 }
        /^create extension elile_optimize;/ { print "\\i before.sql" }' "${documents[@]}" >"$folder/statements.sql"
    awk '/^```/ { fence = !fence } fence && sub(/^\$ /, "")' "${documents[@]}" >"$folder/commands.sh"
    chmod -R a+rwX "$folder"
}

follow_readme() {
    write_readme
    chroot_apt "$bare" install curl iproute2 || return
    # The server's port and the exporter's may be taken on this machine.
    in_chroot "$bare" unshare --net sh -c 'ip link set lo up && exec sh /readme/follow_readme.sh'
}

run_autopkgtest() {
    # What the test depends on brings the headers of the distribution's own server.
    chroot_apt "$bare" install autopkgtest dpkg-dev ${supported:+"postgresql-server-dev-$newest"} &&
        in_chroot "$bare" sh -c 'exec autopkgtest --no-built-binaries /packages/*.deb /packages/*.dsc -- null'
}

try_suite() {
    choose_suite
    check "chroots" make_chroots && check "build dependencies" install_tools &&
        check "dpkg-buildpackage" build_package first || return
    check "two builds are equal" builds_are_equal || true
    check "lintian" run_lintian || true
    check "installed on a bare system" install_package || return
    check "the README from CREATE EXTENSION on" follow_readme || true
    check "autopkgtest" run_autopkgtest || true
}

can_chroot >&2 || exit 1
suites=("$@")
((${#suites[@]})) || suites=(bookworm trixie testing)
for suite in "${suites[@]}"; do
    case $suite in
        bookworm | trixie | testing | sid | experimental) try_suite || true ;;
        *) echo "usage: $0 [bookworm|trixie|testing|sid|experimental ...]" >&2; exit 2 ;;
    esac
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))

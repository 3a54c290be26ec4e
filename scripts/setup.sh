#!/usr/bin/env bash
# Installs what is missing on a Debian 12 machine: scripts/setup.sh [build|check|lint|bench]
set -euo pipefail

build_packages=(g++ make)
# A PG_CONFIG of the caller's means a server of the caller's.
if [[ -z ${PG_CONFIG:-} ]]; then
    build_packages+=(postgresql-15 postgresql-server-dev-15 libkrb5-dev)
fi

case ${1:-build} in
    build) packages=("${build_packages[@]}") ;;
    check) packages=("${build_packages[@]}" libgtest-dev libipc-run-perl perl diffutils pgbadger) ;;
    lint) packages=("${build_packages[@]}" libgtest-dev clang-format clang-tidy) ;;
    bench)
        packages=("${build_packages[@]}" valgrind libbenchmark-dev python3
            postgresql-15-pg-stat-kcache postgresql-15-pg-qualstats)
        ;;
    *) echo "usage: $0 [build|check|lint|bench]" >&2; exit 2 ;;
esac

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
((${#missing[@]})) || exit 0

fail() {
    echo "setup: $1; please install: ${missing[*]}" >&2
    exit 1
}

command -v apt-get >/dev/null || fail "this is no Debian, there is no apt-get"
as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "you are not root, and there is no sudo"
    as_root=(sudo)
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Debian's server package makes and starts a cluster unless told not to. A throwaway server is all
# that is wanted here; the setting goes again, for it is the machine owner's.
no_cluster=/etc/postgresql-common/createcluster.d/elile_optimize.conf
log=$(mktemp)
tidy_up() {
    rm -f "$log"
    "${as_root[@]}" rm -f "$no_cluster"
}
trap tidy_up EXIT
"${as_root[@]}" mkdir -p "${no_cluster%/*}"
echo "create_main_cluster = false" | "${as_root[@]}" tee "$no_cluster" >/dev/null

echo "setup: installing ${missing[*]}" >&2
if ! { apt update && apt install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    fail "apt-get failed"
fi

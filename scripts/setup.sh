#!/usr/bin/env bash
# Installs what is missing on a Debian 12 machine: scripts/setup.sh [build|check|assert|lint|bench]
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(g++ make prometheus-cpp-dev libcivetweb-dev libseccomp-dev libcrypt-dev)
# A PG_CONFIG of the caller's means a server of the caller's.
if [[ -z ${PG_CONFIG:-} ]]; then
    build_packages+=(postgresql-15 postgresql-server-dev-15 libkrb5-dev)
fi

mode=${1:-build}
wanted_programs=()
case $mode in
    build) packages=("${build_packages[@]}") ;;
    check)
        packages=("${build_packages[@]}" libgtest-dev libipc-run-perl perl diffutils pgbadger
            jq apache2-utils chromium faketime python3-sqlalchemy python3-greenlet python3-psycopg2
            python3-asyncpg python3-django alembic)
        wanted_programs=(prometheus promtool pgbouncer)
        ;;
    assert)
        packages=("${build_packages[@]}" libreadline-dev zlib1g-dev libssl-dev libxml2-dev liblz4-dev
            libzstd-dev libicu-dev uuid-dev pkg-config bzip2 perl libipc-run-perl)
        ;;
    lint) packages=("${build_packages[@]}" libgtest-dev clang-format clang-tidy) ;;
    bench)
        packages=("${build_packages[@]}" valgrind libbenchmark-dev python3 curl)
        wanted_programs=(pgbouncer)
        ;;
    *) echo "usage: $0 [build|check|assert|lint|bench]" >&2; exit 2 ;;
esac

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

has_program() { [[ -x /usr/sbin/$1 ]] || command -v "$1" >/dev/null; }

# What PgBouncer links to comes with its package.
if [[ ${wanted_programs[*]} == *pgbouncer* ]] && ! has_program pgbouncer; then
    packages+=(libevent-2.1-7 libc-ares2)
fi
missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done

# Debian's packages of these start daemons, now and with every boot. The tests only run the programs,
# so where they are not installed those are taken out of the packages.
programs=build/programs
lacking=()
for program in "${wanted_programs[@]}"; do
    [[ -x $programs/$program ]] || has_program "$program" || lacking+=("$program")
done
wanted=("${missing[@]}" "${lacking[@]}")
((${#wanted[@]})) || exit 0

fail() {
    echo "setup: $1; please install: ${wanted[*]}" >&2
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

scratch=$(mktemp -d)
log=$scratch/log
no_cluster=
tidy_up() {
    rm -rf "$scratch"
    [[ -z $no_cluster ]] || "${as_root[@]}" rm -f "$no_cluster"
}
trap tidy_up EXIT

# Debian's server package makes and starts a cluster unless told not to. A throwaway server is all
# that is wanted here; the setting goes again, for it is the machine owner's. The file is a new one of
# a name that nobody else has, so that none is overwritten or removed, also not through a link.
forbid_cluster() {
    local folder=/etc/postgresql-common/createcluster.d
    "${as_root[@]}" mkdir -p "$folder" || return
    no_cluster=$("${as_root[@]}" mktemp "$folder/elile_optimize.XXXXXX.conf") || return
    echo "create_main_cluster = false" | "${as_root[@]}" tee "$no_cluster" >/dev/null
}

get_programs() {
    local package packages=("${lacking[@]}")
    # Debian 12 has it in the package prometheus.
    apt-cache show promtool >/dev/null 2>&1 || packages=("${packages[@]/promtool/prometheus}")
    mkdir -p "$programs" &&
        (cd "$scratch" && apt-get -qq download "${packages[@]}") &&
        for package in "$scratch"/*.deb; do
            dpkg-deb -x "$package" "$scratch/unpacked" || return
        done &&
        find "$scratch/unpacked/usr" -path '*bin/*' -type f -exec mv -t "$programs" {} +
}

get_wanted() {
    apt update || return
    [[ ${missing[*]} != *postgresql* ]] || forbid_cluster || return
    ((!${#missing[@]})) || apt install --no-install-recommends "${missing[@]}" || return
    ((!${#lacking[@]})) || get_programs
}

echo "setup: installing ${wanted[*]}" >&2
if ! get_wanted >"$log" 2>&1; then
    cat "$log" >&2
    fail "apt-get failed"
fi

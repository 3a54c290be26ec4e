#!/usr/bin/env bash
# Installs what is missing on a machine with Debian's or Ubuntu's packages: scripts/setup.sh [build|check|coverage|assert|fuzz|lint|bench|soak|memory]
# Of PostgreSQL that is the newest which the distribution has, or that of the distribution's which PG_CONFIG names.
set -euo pipefail
cd "$(dirname "$0")/.."
# What apt and dpkg say is read here, and what they make is for everybody.
export LC_ALL=C.UTF-8
umask 022

say() { printf 'setup: %s\n' "$*" >&2; }
stop() {
    say "$*"
    exit 1
}

# Bash reads what other programs print through it, as servers, compilers and tests do.
[[ -r /proc/self/stat ]] || stop "/proc is not mounted: mount -t proc proc /proc"
[[ -c /dev/null && -e /dev/fd/0 ]] || stop "/dev has no null or no fd: mount --bind the host's /dev, or make them"

mode=${1:-build}
packages=(g++ make prometheus-cpp-dev libcivetweb-dev libseccomp-dev libcrypt-dev zlib1g-dev)
# What only some tests need: they are skipped where the distribution has none.
optional=()
wanted_programs=()
case $mode in
    build) ;;
    check)
        packages+=(libgtest-dev libipc-run-perl perl diffutils pgbadger faketime jq unzip curl python3-sqlalchemy
            python3-greenlet python3-psycopg2 python3-asyncpg python3-django)
        optional=(apache2-utils chromium alembic)
        wanted_programs=(prometheus promtool pgbouncer)
        ;;
    coverage) packages+=(libgtest-dev python3) ;;
    assert)
        packages+=(libreadline-dev libssl-dev libxml2-dev liblz4-dev libzstd-dev libicu-dev uuid-dev
            pkg-config bzip2 perl libipc-run-perl)
        ;;
    fuzz)
        # Where libFuzzer is a package of its own, that has no version in its name.
        runtime=$(clang++ -print-file-name="libclang_rt.fuzzer_no_main-$(uname -m).a" 2>/dev/null) || runtime=
        if [[ ! -e $runtime ]]; then
            packages+=(clang)
            optional=(libclang-rt-dev)
        fi
        ;;
    lint) packages+=(libgtest-dev clang-format clang-tidy shellcheck perltidy) ;;
    bench)
        packages+=(valgrind libbenchmark-dev python3 curl)
        wanted_programs=(pgbouncer)
        ;;
    soak)
        packages+=(python3 python3-psycopg2 python3-sqlalchemy python3-greenlet python3-django)
        optional=(sqlsmith)
        ;;
    memory) packages+=(valgrind libgtest-dev curl) ;;
    *) echo "usage: $0 [build|check|coverage|assert|fuzz|lint|bench|soak|memory]" >&2; exit 2 ;;
esac

has_program() { [[ -x /usr/sbin/$1 ]] || command -v "$1" >/dev/null; }

# The major version that is asked for or half installed; without one it is the distribution's choice.
wanted_major() {
    local path=${PG_CONFIG:-}
    if [[ -z $path ]]; then
        path=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
    fi
    sed -nE 's,^/usr/lib/postgresql/([0-9]+)/bin/.*,\1,p' <<<"$path"
}

as_root=()
scratch=$(mktemp -d)
log=$scratch/log
no_cluster=
tidy_up() {
    rm -rf "$scratch"
    [[ -z $no_cluster ]] || "${as_root[@]}" rm -f "$no_cluster"
}
trap tidy_up EXIT

# Only the distribution's servers are installed here; any other one is the caller's to complete.
major=
needs_server=
if ! pg_config=$(scripts/pg_config.sh 2>"$log"); then
    needs_server=yes
    major=$(wanted_major)
    [[ -n $major || -z ${PG_CONFIG:-} ]] || { cat "$log" >&2; exit 1; }
    packages+=(libkrb5-dev)
elif [[ $("$pg_config" --bindir) =~ ^/usr/lib/postgresql/([0-9]+)/bin$ ]]; then
    major=${BASH_REMATCH[1]}
    packages+=(libkrb5-dev)
fi

# What this distribution does not have is kept, so that not every run asks for it.
absent=build/absent-packages
there=$(
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" "${optional[@]}" 2>/dev/null |
        sed -n 's/^installed //p'
    cat "$absent" 2>/dev/null
) || true
mapfile -t missing < <(printf '%s\n' "${packages[@]}" "${optional[@]}" | grep -vxF -e "$there")

# Debian's packages of these start daemons, now and with every boot. The tests only run the programs,
# so where they are not installed those are taken out of the packages.
programs=build/programs
lacking=()
for program in "${wanted_programs[@]}"; do
    [[ -x $programs/$program ]] || has_program "$program" || lacking+=("$program")
done

say_absent() {
    [[ ! -s $absent ]] || say "not to be had here, what needs it is skipped: $(paste -sd ' ' "$absent")"
}
wanted=("${missing[@]}" "${lacking[@]}")
[[ -z $needs_server ]] || wanted+=("postgresql${major:+-$major}" "postgresql-server-dev-${major:-all}")
((${#wanted[@]})) || { say_absent; exit 0; }

fail() { stop "$1; please install: ${wanted[*]}"; }

command -v apt-get >/dev/null || fail "this is no Debian, there is no apt-get"
if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "you are not root, and there is no sudo"
    as_root=(sudo)
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Debian's server package makes and starts a cluster unless told not to. A throwaway server is all
# that is wanted here; the setting goes again, for it is the machine owner's. The file is a new one of
# a name that nobody else has, so that none is overwritten or removed, also not through a link.
forbid_cluster() {
    local folder=/etc/postgresql-common/createcluster.d
    "${as_root[@]}" mkdir -p "$folder" || return
    no_cluster=$("${as_root[@]}" mktemp "$folder/elile_optimize.XXXXXX.conf") || return
    echo "create_main_cluster = false" | "${as_root[@]}" tee "$no_cluster" >/dev/null
}

# Ubuntu's package of Chromium only fetches a snap, which the server's user could not run.
is_to_be_had() {
    local version
    version=$(apt-cache policy "$1" | sed -n 's/^  Candidate: //p')
    [[ -n $version && $version != '(none)' && $version != *snap* ]]
}

# The package "postgresql" depends on the server that the distribution is for.
choose_server() {
    [[ -n $major ]] ||
        major=$(apt-cache depends postgresql | sed -nE 's/^ *Depends: postgresql-([0-9]+)$/\1/p' | sort -n | tail -n 1)
    [[ -n $major ]] || { echo "this distribution has no package postgresql"; return 1; }
    missing+=("postgresql-$major" "postgresql-server-dev-$major")
}

# Takes those out of missing that the distribution does not have, where the tests do without.
drop_absent() {
    local package kept=() unknown=()
    for package in "${missing[@]}"; do
        if is_to_be_had "$package"; then
            kept+=("$package")
        elif [[ " ${optional[*]} " == *" $package "* ]]; then
            mkdir -p build && echo "$package" >>"$absent" || return
        else
            unknown+=("$package")
        fi
    done
    missing=("${kept[@]}")
    ((${#unknown[@]})) || return 0
    echo "none of the package sources here has ${unknown[*]}; for PostgreSQL see https://apt.postgresql.org"
    return 1
}

# What a program links to comes with the packages that its own one depends on.
add_libraries() {
    local program
    for program in "${lacking[@]}"; do
        [[ $program == pgbouncer ]] || continue
        mapfile -t -O "${#missing[@]}" missing < <(
            apt-cache depends "$program" | sed -nE 's/^ *Depends: (lib[^ ]+)$/\1/p')
    done
}

get_programs() {
    local package packages=("${lacking[@]}")
    # Debian 12 has it in the package prometheus.
    is_to_be_had promtool || packages=("${packages[@]/promtool/prometheus}")
    mkdir -p "$programs" &&
        (cd "$scratch" && apt-get -qq download "${packages[@]}") &&
        for package in "$scratch"/*.deb; do
            dpkg-deb -x "$package" "$scratch/unpacked" || return
        done &&
        find "$scratch/unpacked/usr" -path '*bin/*' -type f -exec mv -t "$programs" {} +
}

get_wanted() {
    apt update || return
    [[ -z $needs_server ]] || choose_server || return
    drop_absent || return
    add_libraries
    [[ " ${missing[*]} " != *" postgresql-"* ]] || forbid_cluster || return
    ((!${#missing[@]})) || apt install --no-install-recommends "${missing[@]}" || return
    ((!${#lacking[@]})) || get_programs
}

say "installing ${wanted[*]}; that takes some minutes"
if ! get_wanted >"$log" 2>&1; then
    cat "$log" >&2
    fail "that failed, as apt says above"
fi
say_absent
scripts/pg_config.sh >/dev/null

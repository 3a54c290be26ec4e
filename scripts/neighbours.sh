#!/usr/bin/env bash
# Takes other extensions out of the distribution's packages, into build/neighbours-MAJOR, for the tests' private
# copy of the server: the machine's own gets none. One that is not to be had is said, and is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."
names=(pgaudit pg-stat-kcache pg-qualstats pg-wait-sampling plpgsql-check hypopg set-user)
major=$("$(scripts/pg_config.sh)" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
home=build/neighbours-$major
[[ ! -d $home ]] || exit 0

say() { printf 'neighbours: %s\n' "$*" >&2; }

command -v apt-get >/dev/null || { say "there is no apt-get to have them from"; exit 0; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

download() { (cd "$scratch" && apt-get -qq download "$1") >"$scratch/log" 2>&1; }

updated=
for name in "${names[@]}"; do
    package=postgresql-$major-$name
    download "$package" && continue
    # The machine's list of packages may be older than the mirror.
    [[ -n $updated ]] || { apt-get -qq update >"$scratch/log" 2>&1 || true; }
    updated=yes
    download "$package" || say "$package is not to be had"
done
for package in "$scratch"/*.deb; do
    [[ -f $package ]] || continue
    dpkg-deb -x "$package" "$scratch/unpacked"
done
if [[ -d $scratch/unpacked ]]; then
    mkdir -p "$scratch/home/lib" "$scratch/home/extension" build
    cp "$scratch/unpacked/usr/lib/postgresql/$major/lib"/*.so "$scratch/home/lib/"
    cp "$scratch/unpacked/usr/share/postgresql/$major/extension"/* "$scratch/home/extension/"
    mv "$scratch/home" "$home"
fi

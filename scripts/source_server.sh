#!/usr/bin/env bash
# Builds a server from PostgreSQL's source, once, and prints its pg_config's path:
# scripts/source_server.sh HOME MAJOR ARCHIVE|DIRECTORY [CONFIGURE-OPTION ...], with everything below HOME.
# It ends with 3 where that is no source of that major version.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$1 major=$2 given=$3
shift 3

say() { printf 'source server: %s\n' "$*" >&2; }

unpack() {
    rm -rf "$home/unpacked"
    mkdir -p "$home/unpacked"
    if [[ -d $given ]]; then
        cp -r "$given/." "$home/unpacked"
    else
        tar -xf "$given" -C "$home/unpacked" --strip-components=1
    fi
    found=$(sed -n "s/^PACKAGE_VERSION='\(.*\)'/\1/p" "$home/unpacked/configure")
    if [[ ${found%%[!0-9]*} != "$major" ]]; then
        say "$given is PostgreSQL '$found', not $major"
        exit 3
    fi
}

# With "postgresql" in its name, libraries and modules are in one folder, which the tests copy whole.
# The programs look for theirs next to themselves, so that a copy is complete.
build() {
    rm -rf "$prefix" "$home/source-$found"
    mv "$home/unpacked" "$home/source-$found"
    cd "$home/source-$found"
    nice ./configure --quiet --prefix="$prefix" --enable-tap-tests --disable-rpath --with-openssl --with-libxml \
        --with-lz4 --with-zstd --with-icu --with-uuid=e2fs --with-system-tzdata=/usr/share/zoneinfo "$@" || return
    local part
    for part in src contrib/auto_explain contrib/pg_stat_statements; do
        make_part "$part" all && make_part "$part" install || return
    done
    make_part src/test/regress install-tests && cp src/tools/valgrind.supp "$prefix/share/" && touch "$prefix/complete"
}

# shellcheck disable=SC2016 # make and then the linker's shell expand the origin
make_part() { nice make -s -j"$(nproc)" -C "$1" LDFLAGS_EX='-Wl,-rpath,'\''$$ORIGIN/../lib'\' "$2"; }

unpack
prefix=$home/postgresql-$found
if [[ ! -f $prefix/complete ]]; then
    say "building PostgreSQL $found"
    (build "$@") >"$home/log" 2>&1 || {
        tail -n 30 "$home/log" >&2
        exit 1
    }
fi
rm -rf "$home/unpacked"
echo "$prefix/bin/pg_config"

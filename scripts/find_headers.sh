#!/usr/bin/env bash
# Says what must be installed before the library or the exporter can be compiled:
# scripts/find_headers.sh library|exporter COMPILER FLAG...
set -euo pipefail
what=$1
shift

fail() {
    local line
    for line in "$@"; do
        echo "build: $line" >&2
    done
    exit 1
}

compiles() { printf '%b\n' "$1" | "${compiler[@]}" -fsyntax-only -x c++ - >/dev/null 2>&1; }

compiler=("$@")
found=$(command -v "$1") || found=
[[ -n $found ]] || fail "there is no compiler '$1'" "run scripts/setup.sh, or on Debian: apt-get install g++ make"
compiles '#include <bit>\nint order = static_cast<int>(std::endian::native);' ||
    fail "the compiler '${*%% -*}' does not compile C++20" "that takes g++ 12 or clang++ 14, or a later one; CXX=... names it"

# Each with the package of Debian's that has it.
case $what in
    library)
        headers=()
        ! compiles '#include "pg_config.h"\n#ifndef ENABLE_GSS\n#error\n#endif' ||
            headers+=(gssapi/gssapi.h:libkrb5-dev)
        ;;
    exporter)
        headers=(prometheus/metric_family.h:prometheus-cpp-dev civetweb.h:libcivetweb-dev
            seccomp.h:libseccomp-dev crypt.h:libcrypt-dev zlib.h:zlib1g-dev)
        ;;
    *) fail "usage: $0 library|exporter COMPILER FLAG..." ;;
esac
packages=()
for header in "${headers[@]}"; do
    compiles "#if !__has_include(<${header%:*}>)\n#error\n#endif" && continue
    echo "build: the $what needs <${header%:*}>, which is not there" >&2
    packages+=("${header#*:}")
done
((!${#packages[@]})) || fail "run scripts/setup.sh, or on Debian: apt-get install ${packages[*]}"

#!/usr/bin/env bash
# What a packager or a user gives to make reaches both programs, and a build says how far it is, depends on no
# folder's name, and says what lacks.
# shellcheck disable=SC2317,SC2016 # "check" calls the functions by name; a compiler that is written here expands
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh
unset MAKEFLAGS MFLAGS MAKELEVEL CPPFLAGS CXXFLAGS LDFLAGS DEV WERROR
export PG_CONFIG=$pg_config
# shellcheck disable=SC2054 # the comma is the linker's
given=(CPPFLAGS=-DOF_CPPFLAGS CXXFLAGS='-DOF_CXXFLAGS -std=c++14 -fstrict-aliasing' LDFLAGS=-Wl,--of-ldflags)
few='src/core/statements/tally.cpp src/keeper/exporter.cpp src/pg/guard.cpp'
read -ra compiler <<<"${CXX:-g++}"

# copy_sources FOLDER: without anything that was built.
copy_sources() {
    mkdir -p "$1"
    tar -c --exclude='*.o' --exclude='*.d' Makefile src sql scripts elile_optimize.control | tar -x -C "$1"
}

# All compilations and both links of what make would run have them; those that have not are told.
are_in_all() {
    local commands compiled linked
    commands=$(cat)
    compiled=$(grep -E ' -c [^ ]+\.cpp ' <<<"$commands")
    linked=$(grep -E ' (-shared|-pie) ' <<<"$commands")
    [[ $(wc -l <<<"$linked") == 2 && $(wc -l <<<"$compiled") -gt 100 ]] || { echo "$linked"; return 1; }
    ! grep -vE ' -DOF_CXXFLAGS .*-std=c\+\+20 .*-DOF_CPPFLAGS ' <<<"$compiled" || return
    ! grep -vE ' -Wl,--of-ldflags( |$)' <<<"$linked" || return
    ! grep -E ' -c src/(pg|keeper)/' <<<"$compiled" | grep -vE ' -fstrict-aliasing .* -fno-strict-aliasing -fwrapv ' || return
    ! grep -E -- '-D_FORTIFY_SOURCE.*-D_FORTIFY_SOURCE|-Werror' <<<"$compiled"
}
takes_the_environments() { env "${given[@]}" make -n -B all | are_in_all; }
takes_the_command_lines() { make -n -B "${given[@]}" all | are_in_all; }

# Ubuntu's compiler predefines the macro, its packages' flags have link-time optimisation.
builds_with_ubuntus_flags() {
    local lto='-O2 -flto=auto -ffat-lto-objects'
    printf '#!/bin/sh\nexec %s -D_FORTIFY_SOURCE=3 "$@"\n' "${compiler[*]}" >"$scratch/ubuntu-g++"
    chmod +x "$scratch/ubuntu-g++"
    copy_sources "$scratch/ubuntu"
    env CXXFLAGS="$lto" LDFLAGS='-Wl,-Bsymbolic-functions -flto=auto -ffat-lto-objects' \
        make -s -C "$scratch/ubuntu" CXX="$scratch/ubuntu-g++" WERROR=1 SOURCES="$few" \
        elile_optimize.so build/exporter/exporter/names.o
}
takes_a_packagers_fortify() {
    touch "$scratch/ubuntu/src/core/statements/tally.cpp"
    make -s -C "$scratch/ubuntu" CXX="$scratch/ubuntu-g++" WERROR=1 \
        CPPFLAGS='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3' src/core/statements/tally.o
}

# build_few FOLDER DEV
build_few() {
    copy_sources "$1"
    make -s -C "$1" ${2:+DEV=$2} CXX="${compiler[*]: -1}" SOURCES="$few" elile_optimize.so build/exporter/exporter/names.o
}
are_equal() {
    local one="$scratch/one$1" two="$scratch/another place$1"
    build_few "$one" "$1"
    build_few "$two" "$1"
    cmp "$one/elile_optimize.so" "$two/elile_optimize.so" || return
    cmp "$one/build/exporter/exporter/names.o" "$two/build/exporter/exporter/names.o"
}

shows_progress() {
    local said
    said=$(cd "$scratch/one1" && touch src/core/statements/tally.cpp && make -s DEV=1 CXX="${compiler[*]}" SOURCES="$few" elile_optimize.so)
    echo "$said"
    grep -qE '^\[[0-9]+ of [0-9]+\] src/core/statements/tally\.cpp$' <<<"$said" && grep -qE '^\[[0-9]+ of [0-9]+\] elile_optimize\.so$' <<<"$said"
}

# Objects of another server, as the note beside them has it, are not used.
remakes_for_another_server() {
    cd "$scratch/one1"
    local goals=(make -n DEV=1 SOURCES="$few" elile_optimize.so)
    ! "${goals[@]}" | grep -- '-c src/' || return
    echo "PostgreSQL 1.0" >build/server
    [[ $("${goals[@]}" | grep -c -- '-c src/\(pg\|keeper\)/') == 2 ]]
}

# A compiler that knows two headers less, and none.
names_packages() {
    printf '#!/bin/sh\nsource=$(cat)\ncase $source in *seccomp.h*|*civetweb.h*) exit 1 ;; esac\n' >"$scratch/poor-g++"
    chmod +x "$scratch/poor-g++"
    said=$(! scripts/find_headers.sh exporter "$scratch/poor-g++" 2>&1)
    echo "$said"
    [[ $said == *"<seccomp.h>"*"apt-get install libcivetweb-dev libseccomp-dev" ]] || return
    said=$(! scripts/find_headers.sh exporter no-such-compiler 2>&1)
    echo "$said"
    [[ $said == *"no compiler 'no-such-compiler'"*"apt-get install g++ make" ]] || return
    rm -f "$scratch/one1/build/found-for-exporter"
    ! make -s -C "$scratch/one1" CXX="$scratch/poor-g++" build/found-for-exporter
}

make_scratch
check "flags of the environment reach both programs" takes_the_environments
check "flags of the command line reach both programs" takes_the_command_lines
check "it builds where the compiler has _FORTIFY_SOURCE and the flags have LTO" builds_with_ubuntus_flags
check "it builds with a packager's _FORTIFY_SOURCE" takes_a_packagers_fortify
check "two builds are equal" are_equal ""
check "two builds without optimising over all files are equal" are_equal 1
check "a silent build shows its progress" shows_progress
check "objects of another server are made again" remakes_for_another_server
check "what lacks is named with its package" names_packages
exit "$failed"

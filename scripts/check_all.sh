#!/usr/bin/env bash
# Runs the tests on each version of PostgreSQL that can be had, each in a chroot of a suite of Debian that has it:
# scripts/check_all.sh [VERSION|unit|regress|isolation|tap|instructions ...]; without versions or kinds, all of them.
# JOBS=2 takes two versions at once. SOURCE_16=ARCHIVE builds a version from source, in Debian 12. What was found is in
# build/check-all/table.md. It ends with 3 where no chroot can be made.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/chroot.sh
source scripts/chroot.sh
root=$PWD
home=$root/build/check-all
checkout=srv/elile_optimize
declare -A suites=([15]=bookworm [17]=trixie [18]=testing [19]=sid)
declare -A archives=([19]=experimental)

say() { printf 'check-all: %s\n' "$*" >&2; }

# not_had VERSION REASON: which is no failure.
not_had() {
    say "$1 is not to be had: $2"
    echo "$2" >"$home/$1.missing"
    exit 3
}

# The version's own programs and headers; everything else is for setup.sh to find.
install_server() {
    local version=$1 suite=$2 chroot=$3 packages=(g++ make valgrind)
    [[ -n ${4:-} ]] || packages+=("postgresql-$version" "postgresql-server-dev-$version" libkrb5-dev)
    if [[ -z ${4:-} && -z $(in_chroot "$chroot" apt-cache madison "postgresql-$version") ]]; then
        not_had "$version" "$suite${archives[$version]:+ with ${archives[$version]}} has no postgresql-$version"
    fi
    install_in_chroot "$suite" "$chroot" "${packages[@]}"
}

# run_in CHROOT COMMAND...: in the checkout.
run_in() {
    local chroot=$1
    shift
    # shellcheck disable=SC2016 # the inner shell expands these
    in_chroot "$chroot" env -u MAKEFLAGS -u MAKELEVEL -u PG_CONFIG sh -c 'cd "/$0" && exec "$@"' "$checkout" "$@"
}

# Objects are of one compiler and one server's headers.
copy_source() {
    local chroot=$1 pg_config=$2 made_with
    # shellcheck disable=SC2016 # the inner shell expands it
    made_with=$(in_chroot "$chroot" sh -c '"$0" --version && g++ --version | head -n 1' "$pg_config")
    [[ $made_with == "$(cat "$chroot/srv/made_with" 2>/dev/null)" ]] || rm -rf "${chroot:?}/$checkout"
    copy_checkout "$chroot/$checkout"
    echo "$made_with" >"$chroot/srv/made_with"
}

# build_source VERSION CHROOT ARCHIVE: prints pg_config's path there. A tree out of a repository needs bison and flex.
build_source() {
    local version=$1 chroot=$2 given=$3
    copy_checkout "$chroot/$checkout"
    rm -rf "$chroot/srv/source"
    cp -r "$given" "$chroot/srv/source"
    {
        run_in "$chroot" scripts/setup.sh assert && chroot_apt "$chroot" install bison flex
    } >&2 || return
    run_in "$chroot" scripts/source_server.sh /srv/server "$version" /srv/source
}

# run_kinds CHROOT PG_CONFIG: adds to passed and failed.
run_kinds() {
    local chroot=$1 pg_config=$2 log=$home/$version.suites last
    if ((${#kinds[@]})); then
        run_in "$chroot" env PG_CONFIG="$pg_config" scripts/check.sh "${kinds[@]}" 2>&1 | tee "$log" || true
        last=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -n 1)
        read -r passed failed <<<"${last:-0 1}"
    fi
    [[ -n $instructions ]] || return 0
    if ! run_in "$chroot" env PG_CONFIG="$pg_config" bench/instruction_table.sh >"$home/$version.instructions"; then
        failed=$((failed + 1))
        rm -f "$home/$version.instructions"
    fi
}

# The instructions that a configuration adds, by kind of statement.
added() { sed -n "s/^$2\t\(.*\)\t\(.*\)\t\(.*\)/\1 \2 \3/p" "$home/$1.instructions" 2>/dev/null; }

# check_version VERSION: leaves its row of the table.
check_version() {
    version=$1
    local from=SOURCE_$version suite chroot=$home/chroots/$version pg_config started=$SECONDS
    local given=${!from:-} passed=0 failed=0
    suite=${suites[$version]:-${given:+bookworm}}
    [[ -z $given ]] || suite=bookworm
    [[ -n $suite ]] || not_had "$version" "no suite has it; SOURCE_$version names its source"
    say "$version: a chroot of $suite"
    # shellcheck disable=SC2086 # a version has one archive or none
    make_chroot "$suite" "$chroot" ${archives[$version]:-} || not_had "$version" "no chroot of $suite could be made"
    install_server "$version" "$suite" "$chroot" "$given"
    pg_config=/usr/lib/postgresql/$version/bin/pg_config
    [[ -z $given ]] || pg_config=$(build_source "$version" "$chroot" "$given")
    copy_source "$chroot" "$pg_config"
    share_debs "$chroot" "$suite" in
    run_kinds "$chroot" "$pg_config"
    share_debs "$chroot" "$suite" out
    printf '| %s ' "$(in_chroot "$chroot" "$pg_config" --version | sed 's/^PostgreSQL \([^ ]*\).*/\1/')" \
        "$suite${given:+, from source}${archives[$version]:+ and ${archives[$version]}}" \
        "$(in_chroot "$chroot" g++ -dumpfullversion)" "${kinds[*]}" "$passed" "$failed" \
        "$(((SECONDS - started + 59) / 60))" "$(added "$version" elile_optimize)" \
        "$(added "$version" pg_stat_statements)" >"$home/$version.row"
    ((failed == 0))
}

# In a group of processes of its own, so that all of it can be ended; what it prints is in its log, its steps here too.
start_version() {
    set -m
    (check_version "$1") </dev/null 2>&1 | tee "$home/$1.log" |
        sed -un "s/^check-all: //p; s/^== /$1: /p; s/^setup: /$1: setup: /p" >&2 &
    set +m
}

end_versions() {
    trap - INT TERM
    local group
    for group in $(jobs -p); do
        kill -- "-$group" 2>/dev/null || true
    done
    wait
    exit 130
}

# A version without a row did not come to its tests: that is a failure, unless it could not be had.
print_table() {
    local version
    echo "| version | suite | g++ | ran | passed | failed | minutes | instructions added | pg_stat_statements adds |"
    echo "|---|---|---|---|---|---|---|---|---|"
    for version in "${versions[@]}"; do
        if [[ -f $home/$version.row ]]; then
            echo "$(cat "$home/$version.row")|"
        elif [[ -f $home/$version.missing ]]; then
            echo "| $version | | | not to be had: $(cat "$home/$version.missing") | | | | | |"
        else
            echo "| $version | | | did not come to its tests: build/check-all/$version.log | 0 | 1 | | | |"
        fi
    done
}

versions=()
kinds=()
instructions=
for word in "$@"; do
    case $word in
        [0-9]*) versions+=("$word") ;;
        unit | regress | isolation | tap) kinds+=("$word") ;;
        instructions) instructions=yes ;;
        *) sed -n '2,/^set/s/^# //p' "$0" >&2; exit 2 ;;
    esac
done
((${#versions[@]})) || versions=(15 16 17 18 19)
if ((!${#kinds[@]})) && [[ -z $instructions ]]; then
    kinds=(unit regress isolation tap)
    instructions=yes
fi
if ! reason=$(can_chroot); then
    say "nothing was run: $reason"
    exit 3
fi
trap end_versions INT TERM
mkdir -p "$home"
for version in "${versions[@]}"; do
    rm -f "$home/$version".*
    while (($(jobs -pr | wc -l) >= ${JOBS:-1})); do
        wait -n || true
    done
    start_version "$version"
done
wait
print_table | tee "$home/table.md"
awk -F '|' 'NR > 2 { passed += $6; failed += $7 }
    END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }' "$home/table.md"

#!/usr/bin/env bash
# What check_all.sh says where nothing can be run, and that what ran in a chroot leaves nothing behind.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/chroot.sh
source scripts/chroot.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh

# ends_with STATUS TEXT COMMAND...
ends_with() {
    local status=0 wanted=$1 text=$2
    shift 2
    "$@" >"$scratch/output" 2>&1 || status=$?
    cat "$scratch/output"
    echo "status $status"
    ((status == wanted)) && grep -q -- "$text" "$scratch/output"
}

as_nobody() { (cd "$scratch/copy" && setpriv --reuid=65534 --regid=65534 --clear-groups "$@"); }
refuses_a_word() { ends_with 2 '^scripts/check_all.sh \[VERSION' "$scratch/copy/scripts/check_all.sh" regres; }
asks_for_root() { ends_with 3 'run this with sudo' as_nobody scripts/check_all.sh 15; }
names_a_source() {
    ends_with 0 '^0 passed, 0 failed$' env -u SOURCE_16 "$scratch/copy/scripts/check_all.sh" 16 || return
    grep 'not to be had: no suite has it; SOURCE_16' "$scratch/copy/build/check-all/table.md"
}
leaves_no_process() {
    in_chroot / sh -c "sleep 4242.$$ & echo started" || return
    ! grep -lsz "^4242.$$\$" /proc/[0-9]*/cmdline
}
leaves_no_mount() {
    local before
    before=$(grep -c ' /proc proc ' /proc/self/mounts)
    in_chroot / true && (($(grep -c ' /proc proc ' /proc/self/mounts) == before))
}
gives_the_status() {
    local status=0
    in_chroot / sh -c 'exit 7' || status=$?
    ((status == 7))
}
# An object may be newer than the change of its source that came after it was built.
copies_what_changed() {
    local source=src/core/shared/atomics.hpp copied=$scratch/copy/src/core/shared/atomics.hpp
    [[ -f $source ]] || return
    echo "// older" >"$copied"
    touch "$scratch/copy/stale.sql"
    touch "$scratch/copy/kept.o"
    copy_checkout "$scratch/copy"
    cmp "$source" "$copied" && [[ $copied -nt $scratch/copy/kept.o && ! -e $scratch/copy/stale.sql ]]
}
keeps_what_did_not() {
    local before
    before=$(stat -c %y "$scratch/copy/Makefile")
    copy_checkout "$scratch/copy"
    [[ $(stat -c %y "$scratch/copy/Makefile") == "$before" ]]
}

copy_checkout "$scratch/copy"
chmod -R a+rX "$scratch"
check "a copy has what changed, as new as the copy, and what was built stays" copies_what_changed
check "a copy leaves alone what did not change" keeps_what_did_not
check "an unknown word is answered with the usage" refuses_a_word
if reason=$(can_chroot); then
    check "who is not root is told the next step" asks_for_root
    check "a version that no suite has is said, and is no failure" names_a_source
    check "what a chroot's command leaves running ends with it" leaves_no_process
    check "what it mounts is nobody else's" leaves_no_mount
    check "its status is the command's" gives_the_status
else
    echo "# no chroot can be had here: $reason"
fi
exit "$failed"

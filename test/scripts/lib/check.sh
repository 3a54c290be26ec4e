# Sourced by the scripts beside it: one line of TAP's for each thing that is held.
# shellcheck shell=bash disable=SC2034 # the script ends with failed as its status
failed=0

# check NAME COMMAND...: what the command prints is shown only when it fails.
check() {
    local name=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/# /' "$log"
        failed=1
    fi
    rm -f "$log"
}

#!/usr/bin/env bash
# One version number is everywhere: the control file's, and where three numbers are wanted, it with .0 behind it.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh
version=$(sed -n "s/^default_version = '\(.*\)'$/\1/p" elile_optimize.control)
whole=$version.0

# are NUMBER: every line of standard input, of which there is one at least.
are() {
    local found
    found=$(cat)
    echo "wanted is $1, there is: $found"
    [[ -n $found ]] && ! grep -qvxF -- "$1" <<<"$found"
}

# Of the distribution and what it provides, not of the specification that it follows.
is_in_meta() { sed '/"meta-spec"/d' META.json | sed -nE 's/.*"version": "([^"]*)".*/\1/p' | are "$whole"; }
is_in_the_code() { sed -nE 's/.* kVersion = "(.*)";/\1/p' src/core/version.hpp | are "$version"; }
is_the_first_tag() { grep -oE '\bv[0-9]+\.[0-9]+\.[0-9]+\b' CONTRIBUTING.md | are "v$whole"; }
is_in_changelog() { sed -nE '1s/^[^(]*\(([0-9.]+).*/\1/p' debian/changelog | are "$whole"; }
is_the_last_script() { printf '%s\n' sql/*.sql | sed -E 's/.*--(.*)\.sql/\1/' | sort -V | tail -n 1 | are "$version"; }

# From a first version's script on, each script begins where another one has ended.
are_a_chain() {
    local at=$version before
    while [[ ! -f sql/elile_optimize--$at.sql ]]; do
        before=(sql/elile_optimize--*--"$at".sql)
        [[ -f ${before[0]} ]] || { echo "no script leads to $at"; return 1; }
        at=${before[0]##*/elile_optimize--}
        at=${at%%--*}
    done
}

check "META.json has the control file's version" is_in_meta
check "so has the code" is_in_the_code
check "so has the first tag that CONTRIBUTING names" is_the_first_tag
check "the last of the SQL scripts is of that version" is_the_last_script
check "the scripts lead to it" are_a_chain
[[ ! -f debian/changelog ]] || check "so has debian/changelog" is_in_changelog
exit "$failed"

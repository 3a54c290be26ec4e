#!/usr/bin/env bash
# README is short, and what it and the pages of docs/ link to is there: files, and headings of pages.
# shellcheck disable=SC2317 # "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/scripts/lib/check.sh
source test/scripts/lib/check.sh
most_lines=160
documents=(README.md CONTRIBUTING.md docs/*.md)

is_short() {
    local lines
    lines=$(wc -l <README.md)
    echo "README.md has $lines lines"
    ((lines <= most_lines))
}

# prose DOCUMENT: without what is fenced.
prose() { awk '/^```/ { fence = !fence; next } !fence' "$1"; }

# links DOCUMENT: targets in this repository.
links() {
    prose "$1" | grep -oE '\]\([^)]+\)|(src|srcset)="[^"]+"' | sed -E 's/^\]\((.*)\)$/\1/; s/^[a-z]+="(.*)"$/\1/' |
        grep -vE '^[a-z]+://' || true
}

# anchors DOCUMENT: its headings as GitHub and GitLab name them.
anchors() {
    prose "$1" | sed -nE 's/^#+ +(.*)$/\1/p' | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# resolves DOCUMENT: each of its links.
resolves() {
    local link file anchor status=0
    while read -r link; do
        file=${link%%#*}
        file=${file:+$(dirname "$1")/$file}
        file=${file:-$1}
        anchor=
        [[ $link != *'#'* ]] || anchor=${link#*#}
        if [[ ! -e $file ]]; then
            echo "$1: there is no $file"
            status=1
        elif [[ -n $anchor ]] && ! anchors "$file" | grep -qxF -- "$anchor"; then
            echo "$1: $file has no heading #$anchor"
            status=1
        fi
    done < <(links "$1")
    return "$status"
}

# All pages can be reached from README.
is_complete() {
    local page status=0
    for page in docs/*.md; do
        links README.md | grep -qxF "$page" || { echo "README has no link to $page"; status=1; }
    done
    return "$status"
}

has_links() { (($(links README.md | wc -l) >= 10)); }

# Two headings of one name have one anchor.
has_headings_apart() { [[ -z $(anchors "$1" | sort | uniq -d | tee /dev/stderr) ]]; }

check "README has $most_lines lines at most" is_short
check "README has links" has_links
check "README leads to every page" is_complete
for document in "${documents[@]}"; do
    check "links of $document" resolves "$document"
    check "headings of $document" has_headings_apart "$document"
done
exit "$failed"

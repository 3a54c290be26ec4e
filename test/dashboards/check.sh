#!/usr/bin/env bash
# Checks dashboards/ and docs/metrics.md: rules and queries with promtool, the dashboard with jq, and
# that what they use is in the document's tables of metrics.
# shellcheck disable=SC2016,SC2317 # backquotes are Markdown; "check" calls the functions by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

rules=dashboards/rules.yml
dashboard=dashboards/elile_optimize.json
tests=test/dashboards/rules_test.yml
metrics_doc=docs/metrics.md

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# check NAME COMMAND...: what the command prints is shown only when it fails. Bash ignores set -e in a
# command that is tested, so a function says || return where a failure counts.
check() {
    local name=$1
    shift
    if "$@" >"$scratch/log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/# /' "$scratch/log"
        failed=1
    fi
}

# A name with a colon is a recorded one and whole, so that the metric inside it is not taken for one.
names() { { grep -oE '[a-zA-Z_:][a-zA-Z0-9_:]*' || true; } | sort -u; }

# The extension's name, its schema's and the scrape job's, is no metric; neither is a pattern's beginning.
metric_names() { names | { grep -E '^elile_.*[^_]$' || true; } | { grep -vx 'elile_optimize' || true; }; }

# The document's tables are the list; what it says elsewhere is checked against them.
known_metrics() { sed -nE 's/^\| `(elile_[a-z_]+)` \|.*/\1/p' "$metrics_doc"; }

# What a histogram is queried by is its series.
known_series() {
    known_metrics | sed -E 's/^(elile_db_query_duration_seconds)$/\1_bucket\n\1_sum\n\1_count/' | sort -u
}

recorded() { sed -nE 's/^ *- record: *([^ ]+) *$/\1/p' "$rules" | sort -u; }
alerts() { sed -nE 's/^ *- alert: *([^ ]+) *$/\1/p' "$rules" | sort -u; }

dashboard_queries() {
    jq -er '[.. | objects | .expr // empty | strings]
        + [.templating.list[] | select(.type == "query") | .query.query] | .[]' "$dashboard"
}

without_comments() { sed -E 's/^ *#.*//' "$1"; }

# unknown_names TEXT-FILE: metrics that nobody exports and recorded names that nobody records.
unknown_names() {
    comm -23 <(metric_names <"$1") <(known_series)
    comm -23 <(names <"$1" | { grep -E '^[a-z_]+:[a-z_0-9]+:[a-z_0-9]+$' || true; }) <(recorded)
}

known_names_only() {
    local unknown
    [[ -s $1 ]] || return 1
    unknown=$(unknown_names "$1") || return 1
    echo "unknown: $unknown"
    [[ -z $unknown ]]
}

# Every rule that is recorded is the subject of a test, and every alert of one that expects it and of one
# that expects none.
rules_are_tested() {
    local name untested
    untested=$(
        comm -23 <(recorded) <(without_comments "$tests" | sed -n 's/^ *- expr://p' | names)
        while read -r name; do
            without_comments "$tests" | grep -A1 -E "^ *alertname: $name\$" >"$scratch/cases" || true
            grep -qE 'exp_alerts: *$' "$scratch/cases" || echo "$name: no test expects it"
            grep -qE 'exp_alerts: \[\] *$' "$scratch/cases" || echo "$name: no test expects it not"
        done < <(alerts)
    )
    echo "untested: $untested"
    [[ -z $untested ]]
}

# promtool reads queries only as rules. They come as JSON strings.
parse() {
    jq -es '{groups: [{name: "queries", rules: map({record: "query", expr: .})}]}
        | if .groups[0].rules == [] then error("no query") else . end' >"$scratch/queries.yml" &&
        promtool check rules --lint=none "$scratch/queries.yml"
}

# promtool knows none of Grafana's variables.
dashboard_queries_parse() {
    jq '[.. | objects | .expr // empty | strings][]
        | gsub("\\$__rate_interval"; "5m") | gsub("\\$__range"; "1h") | gsub("\\$[a-z]+"; ".*")' \
        "$dashboard" | parse
}

# blocks LANGUAGE: writes the document's blocks of it to files of their own in $scratch/LANGUAGE.
blocks() {
    mkdir "$scratch/$1"
    awk -v begin="^\`\`\`$1\$" -v folder="$scratch/$1" '
        $0 ~ begin { file = folder "/" ++count; next }
        /^```$/ { file = "" }
        file { print > file }' "$metrics_doc"
}

documented_queries_parse() {
    local block
    for block in "$scratch"/promql/*; do
        jq -Rs . "$block" || return
    done | parse
}

# Without looking for the files that they name.
documented_configurations_are_valid() {
    local block
    for block in "$scratch"/yaml/*; do
        promtool check config --syntax-only "$block" || return
    done
}

# Panels of Grafana itself only, each with an id of its own, inside the grid and over no other, and
# every query through the variable datasource.
dashboard_is_sound() {
    local faults
    faults=$(jq -r '
        def at: .gridPos;
        (.panels | map(.id) | group_by(.)[] | select(length > 1) | "id \(.[0]) twice"),
        (.panels[] | select(.type | IN("row", "stat", "timeseries", "heatmap", "table", "bargauge") | not)
            | "\(.title): a panel of type \(.type)"),
        (.panels[] | select(.type != "row") | .title as $title | (., .targets[])
            | select(.datasource.uid != "${datasource}") | "\($title): not of the variable datasource"),
        (.panels[] | select(at.x + at.w > 24) | "\(.title): wider than the grid"),
        (.panels as $all | range($all | length) as $i | range($i) as $j
            | ($all[$i] | at) as $a | ($all[$j] | at) as $b
            | select($a.x < $b.x + $b.w and $b.x < $a.x + $a.w and $a.y < $b.y + $b.h and $b.y < $a.y + $a.h)
            | "\($all[$i].title): over \($all[$j].title)"),
        (["datasource", "instance", "database", "table"] - [.templating.list[].name] | .[] | "no variable \(.)")
        ' "$dashboard") || return 1
    echo "$faults"
    [[ -z $faults ]]
}

missing=0
for program in promtool jq; do
    command -v "$program" >/dev/null && continue
    echo "not ok $program is installed"
    missing=1
done
if ((missing)); then
    echo "# Debian's packages are prometheus and jq"
    exit 1
fi

check "rules are valid" promtool check rules --lint=all --lint-fatal "$rules"
check "rules pass their tests" promtool test rules "$tests"
check "every rule has a test" rules_are_tested
without_comments "$rules" >"$scratch/rules"
check "rules use known metrics" known_names_only "$scratch/rules"
check "dashboard is valid JSON" jq -es 'map(type) == ["object"]' "$dashboard"
check "dashboard has sound panels" dashboard_is_sound
check "dashboard queries parse" dashboard_queries_parse
dashboard_queries >"$scratch/dashboard" || true
check "dashboard uses known metrics" known_names_only "$scratch/dashboard"
blocks promql
blocks yaml
check "documented queries parse" documented_queries_parse
cat "$scratch"/promql/* >"$scratch/documented" || true
check "documented queries use known metrics" known_names_only "$scratch/documented"
check "documented configurations are valid" documented_configurations_are_valid
exit "$failed"

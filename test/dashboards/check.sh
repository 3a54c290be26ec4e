#!/usr/bin/env bash
# Checks dashboards/: the rules with promtool, the dashboard with jq, and the metric names of both.
# shellcheck disable=SC2317 # "check" calls the functions by name
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

# The extension's name, its schema's and the scrape job's, is no metric.
metric_names() { names | { grep -E '^elile_' || true; } | { grep -vx 'elile_optimize' || true; }; }

known_metrics() {
    if [[ -f $metrics_doc ]]; then
        metric_names <"$metrics_doc"
    else
        printf '%s\n' \
            elile_db_query_duration_seconds \
            elile_db_queries_total elile_db_slow_queries_total elile_db_failed_queries_total \
            elile_db_active_connections elile_db_connection_pool_size \
            elile_db_connections elile_db_max_connections \
            elile_index_scans_total elile_index_size_bytes elile_index_invalid \
            elile_optimize_sample_age_seconds elile_optimize_scrape_duration_seconds \
            elile_optimize_entries elile_optimize_max_entries \
            elile_optimize_evictions_total elile_optimize_dropped_total \
            elile_optimize_tables_other elile_optimize_applications_other \
            elile_optimize_build_info
    fi
}

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

# promtool reads queries only as rules, and knows none of Grafana's variables.
queries_parse() {
    {
        echo "groups: [{name: dashboard, rules: ["
        jq -r '[.. | objects | .expr // empty | strings][]
            | gsub("\\$__rate_interval"; "5m") | gsub("\\$__range"; "1h") | gsub("\\$[a-z]+"; ".*")
            | "{record: query, expr: \(tojson)},"' "$dashboard" || return 1
        echo "]}]"
    } >"$scratch/queries.yml"
    promtool check rules --lint=none "$scratch/queries.yml"
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
check "dashboard queries parse" queries_parse
dashboard_queries >"$scratch/dashboard" || true
check "dashboard uses known metrics" known_names_only "$scratch/dashboard"
exit "$failed"

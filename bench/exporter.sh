# Sourced by run.sh: what a scrape takes, and what being scraped takes from those who write.
# shellcheck shell=bash disable=SC2154

metrics_port=

scrape() { curl -sS -m 10 -o /dev/null -w '%{time_total}\n' "http://127.0.0.1:$metrics_port/metrics"; }

# set_metrics_port PORT: 0 ends the exporter. Returns when info says so.
set_metrics_port() {
    local wanted=listening
    (($1 != 0)) || wanted=off
    sql_on elile_optimize -c "alter system set elile_optimize.metrics_port = $1" \
        -c 'select pg_reload_conf()' >/dev/null
    until [[ $(sql_on elile_optimize -c 'select exporter_state from elile_optimize.info') == "$wanted" ]]; do
        sleep 0.1
    done
}

start_exporter() {
    pick_port metrics_port
    set_metrics_port "$metrics_port"
}

# children_of PROCESS: their numbers. Other processes may end while all are looked at.
children_of() { { sed -n "s/^[0-9]* (.*) [A-Z] $1 .*/&/p" /proc/[0-9]*/stat 2>/dev/null || true; } | cut -d ' ' -f 1; }

# The keeper is one of the postmaster's children, and the exporter its only one.
keeper_process() {
    local child
    for child in $(children_of "$(head -n 1 "$scratch/elile_optimize/postmaster.pid")"); do
        if grep -qs 'elile_optimize keeper' "/proc/$child/cmdline"; then
            echo "$child"
        fi
    done
}
exporter_memory() {
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(children_of "$(keeper_process)")/status"
}

select_only_beside() {
    record "scraped writers" "$1" "$2" "$(bench_on elile_optimize pgbench -n -S -M prepared \
        -c "$cores" -j "$cores" -T "$reader_seconds" 2>&1 | tps_of)"
}

# measure_scraped_writers SERIES: each execution writes statistics, so a select-only load is what
# reading them disturbs most. The scraping client runs beside it and takes its share, too.
measure_scraped_writers() {
    local round scraper
    for ((round = 1; round <= rounds; ++round)); do
        select_only_beside "$1, exporter off" "$round"
        start_exporter
        select_only_beside "$1, exporter on" "$round"
        while scrape >/dev/null; do sleep 1; done &
        scraper=$!
        select_only_beside "$1, scraped each second" "$round"
        kill "$scraper"
        wait "$scraper" 2>/dev/null || true
        set_metrics_port 0
        progress "scraped writers" "$round" "$rounds" "$1: off, on, scraped each second"
    done
}

# 200 tables by 5 operations; more is summed.
measure_scrapes() {
    local round
    measure_scraped_writers "pgbench's tables"
    sql_on elile_optimize -c "do \$\$ begin for t in 1..200 loop for op in 1..5 loop for n in 1..20 loop
        perform elile_optimize.record_db_query(
            (array['select', 'insert', 'update', 'delete', 'merge'])[op], 't_' || t, random() * 0.5);
        end loop; end loop; end loop; end \$\$"
    start_exporter
    sleep 2 # a sample is taken each second
    for ((round = 1; round <= scrapes; ++round)); do
        sleep 0.3 # what was rendered a moment ago is served again
        record "scrape" "1,000 series" "$round" "$(scrape)"
    done
    record "exporter memory" "the most it took" 1 "$(exporter_memory)"
    set_metrics_port 0
    progress "scrapes" 1 1 "1,000 series"
    measure_scraped_writers "1,000 series"
}

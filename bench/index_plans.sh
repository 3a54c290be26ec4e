#!/usr/bin/env bash
# Which index serves which of the application's statements on a million rows, and what the planner
# expects it to cost, without the index set and with it: the table of docs/index-set.md. TRY=1 only shows that it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
workload=$root/test/workload
scale=${TRY:+0.02}

build
make_scratch
make_tree
cp -r "$workload" bench/index_plans.sql "$scratch/"
chmod -R a+rX "$scratch/workload" "$scratch/index_plans.sql"
start_server "shared_buffers = 1GB" "max_wal_size = 8GB" "max_parallel_workers_per_gather = 0"
say "loading"
run_psql -f "$scratch/workload/schema.sql" postgres
run_psql -v scale="${scale:-${SCALE:-1.6}}" -f "$scratch/workload/load.sql" postgres >/dev/null
run_psql -f "$scratch/index_plans.sql" postgres
say "rows: $(run_psql -At -c 'select sum(n_live_tup) from pg_stat_user_tables' postgres)"
run_psql -c 'select plan_all(false)' postgres >/dev/null
say "building the set"
run_psql -c "set elile_optimize.inline_index_limit = '1TB'" -c 'create extension elile_optimize' postgres
run_psql -c 'vacuum analyze' -c 'select plan_all(true)' postgres >/dev/null
run_psql -At -f - postgres <<'SQL'
select '| statement | without the set | cost | with it | cost |';
select '|---|---|---:|---|---:|';
select format('| %s | %s | %s | %s | %s |', a.what, coalesce(w.indexes, '(none)'), to_char(w.cost, 'FM999,999,990.0'),
    coalesce(regexp_replace(p.indexes, '(' || (select string_agg(name, '|') from elile_optimize.index_set) || ')', '**\1**', 'g'), '(none)'),
    to_char(p.cost, 'FM999,999,990.0'))
from asked a join planned w on w.id = a.id and not w.with_set join planned p on p.id = a.id and p.with_set order by a.id;
select 'not chosen for what it was written for: ' || a.for_index || ' (' || a.what || ')'
from asked a join planned p on p.id = a.id and p.with_set
where a.for_index is not null and strpos(coalesce(p.indexes, ''), a.for_index) = 0;
select 'chosen by no statement: ' || s.name from elile_optimize.index_set s
where not exists (select from planned p where p.with_set and strpos(p.indexes, s.name) > 0);
SQL

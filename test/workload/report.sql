\pset border 1
\pset footer off
\pset linestyle ascii
\echo
\echo 'SUMMARY                                      select * from elile_optimize.summary'
\pset format aligned
select total_queries, slow_queries, round(slow_query_rate::numeric, 4) as slow_rate,
    failed_queries as failed, round(avg_duration_ms::numeric, 2) as avg_ms,
    round(p50_duration_ms::numeric, 2) as p50_ms, round(p95_duration_ms::numeric, 2) as p95_ms,
    round(p99_duration_ms::numeric, 2) as p99_ms, round(max_duration_ms::numeric, 1) as max_ms
from elile_optimize.summary;
\echo 'WHAT COST MOST                               elile_optimize.statements'
select calls, failed_calls as failed, round(total_exec_time::numeric) as total_ms,
    round(mean_exec_time::numeric, 2) as mean_ms, round(p95_exec_time::numeric, 2) as p95_ms,
    round(p99_exec_time::numeric, 2) as p99_ms,
    left(regexp_replace(query, '\s+', ' ', 'g'), 66) as query
from elile_optimize.statements order by total_exec_time desc limit 10;
\echo 'BY TABLE AND OPERATION                       elile_optimize.table_operations'
select coalesce(table_name, '-') as table_name, operation, calls, failed_calls as failed,
    slow_calls as slow, round(total_time::numeric) as total_ms,
    round(p50_time::numeric, 2) as p50_ms, round(p95_time::numeric, 2) as p95_ms,
    round(p99_time::numeric, 2) as p99_ms
from elile_optimize.table_operations where table_name is not null
order by total_time desc limit 10;
\echo 'THE SLOWEST                                  elile_optimize.slow_queries'
select round(duration_ms::numeric, 1) as ms, coalesce(sqlstate, '') as sqlstate,
    coalesce(table_name, '') as table_name, rows,
    left(regexp_replace(query, '\s+', ' ', 'g'), 62) as query
from elile_optimize.slow_queries order by duration_ms desc limit 10;
\echo 'ONE BY ONE INSTEAD OF AT ONCE                elile_optimize.n_plus_one'
select table_name, occurrences, round(runs_per_occurrence::numeric, 1) as runs_per_occurrence, round_trips_saved,
    round(total_time::numeric, 1) as total_ms, split_part(suggestion, E'\n', 2) as at_once
from elile_optimize.n_plus_one order by round_trips_saved desc limit 5;
\echo 'WHAT FAILED, AND ITS PLAN                    elile_optimize.slow_queries'
\pset tuples_only on
\pset format unaligned
\pset fieldsep '\n'
select round(duration_ms::numeric) || ' ms, SQLSTATE ' || sqlstate || ': ' || regexp_replace(query, '\s+', ' ', 'g'), plan
from elile_optimize.slow_queries where sqlstate is not null and plan is not null order by duration_ms desc limit 1;
\pset tuples_only off

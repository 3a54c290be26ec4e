\pset border 1
\pset footer off
\pset linestyle ascii
\pset format aligned
\set ECHO queries
\echo
\echo '-- SUMMARY'
select total_queries, slow_queries, failed_queries as failed, avg_duration_ms::numeric(12,2) as avg_ms,
    p50_duration_ms::numeric(12,2) as p50_ms, p95_duration_ms::numeric(12,2) as p95_ms,
    p99_duration_ms::numeric(12,2) as p99_ms, max_duration_ms::numeric(12,1) as max_ms
from elile_optimize.summary;
\echo '-- WHAT COST MOST'
select calls, failed_calls as failed, total_exec_time::numeric(14,0) as total_ms, mean_exec_time::numeric(12,2) as mean_ms,
    p95_exec_time::numeric(12,2) as p95_ms, p99_exec_time::numeric(12,2) as p99_ms,
    left(regexp_replace(query, '\s+', ' ', 'g'), 66) as query
from elile_optimize.statements order by total_exec_time desc limit 10;
\echo '-- BY TABLE AND OPERATION'
select table_name, operation, calls, failed_calls as failed, slow_calls as slow, total_time::numeric(14,0) as total_ms,
    p50_time::numeric(12,2) as p50_ms, p95_time::numeric(12,2) as p95_ms, p99_time::numeric(12,2) as p99_ms
from elile_optimize.table_operations where toplevel and table_name is not null order by total_time desc limit 10;
\echo '-- THE SLOWEST'
select duration_ms::numeric(12,1) as ms, sqlstate, table_name, rows, left(regexp_replace(query, '\s+', ' ', 'g'), 62) as query
from elile_optimize.slow_queries order by duration_ms desc limit 10;
\echo '-- ONE BY ONE INSTEAD OF AT ONCE'
select table_name, occurrences, runs_per_occurrence::numeric(12,1), round_trips_saved, total_time::numeric(14,1) as total_ms,
    split_part(suggestion, E'\n', 2) as at_once
from elile_optimize.n_plus_one order by round_trips_saved desc limit 5;
\echo '-- WHAT FAILED, AND ITS PLAN'
\pset format unaligned
select format(E'%s ms, SQLSTATE %s: %s\n%s', round(duration_ms), sqlstate, query, plan) as failed
from elile_optimize.slow_queries where sqlstate is not null and plan is not null order by duration_ms desc limit 1;

\pset border 1
\pset footer off
\pset linestyle ascii
\pset format aligned
\set ECHO queries
\echo
\echo '-- THE INDEX SET'
select s.name, s.state, pg_size_pretty(s.size_bytes) as size, s.scans,
    round(extract(epoch from b.finished_at - b.started_at) * 1000) as built_in_ms
from elile_optimize.index_status s left join elile_optimize.index_builds b using (name, schema_name);
\echo '-- WHAT IT DID: p95 IN MS, BEFORE (KEPT IN A TABLE OF THAT NAME) AND AFTER'
select b.p95_exec_time::numeric(12,2) as before, s.p95_exec_time::numeric(12,2) as after,
    (b.p95_exec_time / nullif(s.p95_exec_time, 0))::numeric(12,1) as times_faster,
    left(regexp_replace(s.query, '\s+', ' ', 'g'), 80) as query
from before b join elile_optimize.statements s using (queryid)
where s.calls > 10 order by b.p95_exec_time desc;

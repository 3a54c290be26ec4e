\pset border 1
\pset footer off
\pset linestyle ascii
\echo
\echo 'THE INDEX SET                                elile_optimize.index_status'
select s.name, s.state, pg_size_pretty(s.size_bytes) as size, s.scans,
    round(extract(epoch from b.finished_at - b.started_at) * 1000) as built_in_ms
from elile_optimize.index_status s left join elile_optimize.index_builds b using (name, schema_name);
\echo 'WHAT IT DID: p95 IN MS                       elile_optimize.statements, before and after'
select round(b.p95_exec_time::numeric, 2) as before, round(s.p95_exec_time::numeric, 2) as after,
    round((b.p95_exec_time / nullif(s.p95_exec_time, 0))::numeric, 1) as times_faster,
    left(regexp_replace(s.query, '\s+', ' ', 'g'), 80) as query
from before b join elile_optimize.statements s using (queryid)
where s.calls > 10 order by b.p95_exec_time desc;

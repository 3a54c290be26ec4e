-- What a role without privileges sees and may do.
create role elile_reader;
create role elile_monitor in role pg_read_all_stats;
create table secret_table (id int);
grant select on secret_table to elile_reader;

select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
select count(*) as of_owner from secret_table;
set role elile_reader;
select count(*) as of_reader from secret_table;
reset role;
reset elile_optimize.slow_query_threshold;

set role elile_reader;
select rolname, queryid is null as no_queryid, query, operation, table_name, calls
from elile_optimize.statements join pg_roles on pg_roles.oid = userid
where table_name = 'secret_table' order by rolname collate "C", query collate "C";
select username, queryid is null as no_queryid, application_name is null as no_application, query
from elile_optimize.slow_queries where table_name = 'secret_table' order by id;
-- Every row of others is hidden.
select count(*) from elile_optimize.statements s join pg_roles r on r.oid = s.userid
where r.rolname <> 'elile_reader' and (query <> '<insufficient privilege>' or queryid is not null);
select count(*) > 0 as sees_sums from elile_optimize.summary where total_queries > 0;
select operation, calls from elile_optimize.table_operations where table_name = 'secret_table';
select state, query_ids from elile_optimize.info;
select elile_optimize.reset();
select elile_optimize.reset(0, 0, 1);
select elile_optimize.record_db_query('select', 'users', 1);
set elile_optimize.track = 'none';
set elile_optimize.slow_query_threshold = -1;
set elile_optimize.enable_query_logging = off;
set elile_optimize.track_utility = off;
set elile_optimize.track_planning = on;
reset role;

-- A percentile tells nothing of others.
select id, id from secret_table;
select queryid as others from elile_optimize.statements
where query = 'select id, id from secret_table' \gset
select elile_optimize.percentile(:others, 0.5) > 0 as seen;
set role elile_reader;
select elile_optimize.percentile(:others, 0.5) is null as hidden;
set role elile_monitor;
select elile_optimize.percentile(:others, 0.5) > 0 as seen;
reset role;

-- pg_read_all_stats sees all, and may reset no more than others.
set role elile_monitor;
select rolname, queryid is null as no_queryid, query
from elile_optimize.statements join pg_roles on pg_roles.oid = userid
where table_name = 'secret_table' order by rolname collate "C", query collate "C";
select username, queryid is null as no_queryid, application_name is null as no_application, query
from elile_optimize.slow_queries where table_name = 'secret_table' order by id;
select elile_optimize.reset();
reset role;

-- What was granted works.
grant execute on function elile_optimize.record_db_query(text, text, double precision) to elile_reader;
grant execute on function elile_optimize.reset() to elile_monitor;
set role elile_monitor;
select elile_optimize.reset();
set role elile_reader;
select elile_optimize.record_db_query('select', 'reported', 1);
reset role;
select table_name, operation, calls from elile_optimize.table_operations where table_name = 'reported';
revoke execute on function elile_optimize.record_db_query(text, text, double precision) from elile_reader;
revoke execute on function elile_optimize.reset() from elile_monitor;

drop table secret_table;
drop role elile_reader, elile_monitor;

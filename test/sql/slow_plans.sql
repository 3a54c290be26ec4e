-- Slow executions keep their plan: what ran, in which shape, and without its literals.
create table item (id int primary key, name text, tags jsonb);
insert into item select g, 'n' || g, '{}' from generate_series(1, 10000) g;
analyze item;
-- Costs differ between server versions, and 17 has no "returns".
create function shown(plan text) returns text language sql as
    $$ select regexp_replace(plan, '  \((cost|actual)[^)]*\)( \(actual[^)]*\))?| \(returns [^)]*\)', '', 'g') $$;
create view kept as
    select duration_ms >= 0 as timed, sqlstate, query, parameters, shown(plan) as plan
    from elile_optimize.slow_queries where table_name = 'item' order by id;
select plans_dropped as dropped, plans_lost as lost from elile_optimize.info \gset
select elile_optimize.reset();
\x on
set elile_optimize.slow_query_threshold = 0;
select count(*) from item where name like 'secret%' and id in (1, 2) and id > -3;
with named as materialized (select name || 'secret' as n from item where tags @> '{"secret": 1}')
    select n, row_number() over (order by n || 'secret') from named
    group by n, n || 'secret' having count(*) > 12345 order by n || 'secret' limit 54321;
prepare by_id(int) as select name from item where id = $1 and name <> 'secret';
execute by_id(7);
update item set name = 'secret' where name = case when id > 77777 then 'secret' else 'x' end;
set elile_optimize.slow_query_threshold = -1;
select * from kept;

-- A plan is told by its shape: runs share one text, whatever their values.
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
select name from item where id = 1;
select name from item where id = 2;
select name from item where id = 3;
set enable_indexscan = off;
set enable_bitmapscan = off;
select name from item where id = 4;
reset enable_indexscan;
reset enable_bitmapscan;
set elile_optimize.slow_query_threshold = -1;
select shown(plan) as plan, count(*), count(distinct plan_id) as plan_ids from elile_optimize.slow_queries
    where table_name = 'item' group by 1 order by 2;
select plans_seen, plan_changed_at > stats_since as changed, plan_regressed from elile_optimize.statements
    where table_name = 'item' and query ~ 'name from';
-- Of statements in functions.
create function names(first int) returns bigint language plpgsql as
    $$ begin return (select count(name) from item where id >= first and name <> 'secret'); end $$;
select elile_optimize.reset();
set elile_optimize.track = 'all';
set elile_optimize.slow_query_threshold = 0;
select names(50);
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.track;
select * from kept;

-- A plan is cut at a line's end.
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
set elile_optimize.log_plan_max_length = 256;
select count(*) from item a join item b on b.id = a.id + 1 join item c on c.id = b.id + 1 join item d on d.id = c.id + 1;
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_plan_max_length;
select length(plan) < 300 as is_short, substring(plan from '\n\(\d+ (.*)\)$') as last_line
    from elile_optimize.slow_queries where table_name = 'item';

-- Rows and times of each node where they were collected.
select elile_optimize.reset();
set elile_optimize.log_analyze = on;
set elile_optimize.slow_query_threshold = 0;
select count(*) from item;
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_analyze;
select plan ~ 'actual time=.* rows=10000' as analyzed from elile_optimize.slow_queries where table_name = 'item';

-- No plan.
select elile_optimize.reset();
set elile_optimize.log_query_plan = off;
set elile_optimize.slow_query_threshold = 0;
select count(*) from item;
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_query_plan;
select * from kept;
\x off
reset elile_optimize.slow_query_threshold;
select plans_dropped - :dropped as dropped, plans_lost - :lost as lost from elile_optimize.info;
drop view kept;
drop function names(int), shown(text);
drop table item;

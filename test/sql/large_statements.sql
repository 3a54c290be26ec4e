-- What is kept of a large statement takes little beside it; what would take more is left out and
-- counted.
set elile_optimize.log_query_plan = on;
set statement_timeout = '120s';
create view kept as
    select substring(query from 'case_\w+') as label,
        plan is not null and current_setting('server_version_num')::int < 180000 as plan_before_18,
        plan is not null as plan, left(parameters, 60) as parameters
    from elile_optimize.slow_queries
    where query ~ 'case_' and query !~ 'kept'
    order by id;
create function in_levels(innermost text, pattern text, levels int) returns text language plpgsql as $$
begin
    for level in 1..levels loop
        innermost := format(pattern, innermost);
    end loop;
    return innermost;
end $$;

-- EXPLAIN compares all names of columns of a join, and shows what a level computes once for each
-- time that the level above uses it.
\set ECHO none
select format('create table wide (%s)', string_agg('c' || n || ' int', ', ' order by n))
from generate_series(1, 1600) n \gexec
select elile_optimize.reset();
select plans_lost as lost from elile_optimize.info \gset
set elile_optimize.slow_query_threshold = 0;
\o /dev/null
select 'select count(*) as case_wide from wide t0 '
    || string_agg(format('join wide t%s on t%1$s.c1 = t%s.c1', n, n - 1), ' ' order by n)
from generate_series(1, 14) n \gexec
select format('select count(*) as case_computed from (%s) q where x > 0', in_levels(
    'select g as x, g as y from generate_series(1, 1) g',
    'select max(x) + max(x) as x, y from (%s) q group by y', 26)) \gexec
select format('select count(*) as case_computed_a_little from (%s) q where x > 0', in_levels(
    'select g as x, g as y from generate_series(1, 1) g',
    'select max(x) + max(x) as x, y from (%s) q group by y', 2)) \gexec
select 'select count(*) as case_values from (values ' || string_agg(format('(%s)', n), ',') || ') v'
from generate_series(1, 100000) n \gexec
select 'select count(*) as case_list from pg_class where oid in (' || string_agg(n::text, ',') || ')'
from generate_series(1, 100000) n \gexec
select format('select count(*) as case_text from pg_class where relname = %L', repeat('x', 1000000)) \gexec
\o
\set ECHO all
set elile_optimize.slow_query_threshold = -1;
-- 18 finds such names in a hash table, and may keep the plan.
select label, plan_before_18 as plan from kept where label = 'case_wide';
select label, plan from kept where label <> 'case_wide';
select plans_lost - :lost > 0 as counted from elile_optimize.info;

-- Of a large parameter its beginning is kept, or its size.
prepare large(int[], text) as
    select count(*) as case_parameters from pg_class where oid::int = any ($1) and relname = $2;
set elile_optimize.log_parameters = on;
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
\set ECHO none
select format('execute large(%L, %L)', array(select generate_series(1, 200000)), repeat('x', 1000000)) \gexec
\set ECHO all
set elile_optimize.slow_query_threshold = -1;
select label, parameters from kept;
deallocate large;

-- Any number of cursors may be open, and each is found by its next FETCH.
set elile_optimize.track = 'all';
set elile_optimize.log_parameters = off;
begin;
do $$
declare
    cursors refcursor[];
    one refcursor;
    found int;
begin
    for n in 1..20000 loop
        one := null;
        open one for select generate_series(1, 3) as case_cursor;
        cursors := cursors || one;
    end loop;
    for turn in 1..3 loop
        foreach one in array cursors loop
            fetch one into found;
            assert found = turn;
        end loop;
    end loop;
end $$;
commit;
select toplevel, calls, rows from elile_optimize.statements where query ~ 'case_cursor' and query !~ '^do';
drop view kept;
drop table wide;
drop function in_levels;

-- The table of statements that are nested deeply: found in FROM order, in few steps.
set statement_timeout = '60s';
create table alpha (id int primary key, b int);
create table beta (id int primary key, v text);
create view found as
    select substring(query from 'case_\w+') as label, operation, table_name
    from elile_optimize.statements
    where dbid = (select oid from pg_database where datname = current_database())
        and query ~ 'case_' and query !~ 'found'
    order by 1, operation, table_name;
-- A query in so many levels, of which each has the one below it as a CTE, twice.
create function doubled(innermost text, levels int) returns text language plpgsql as $$
begin
    for level in 1..levels loop
        innermost := format('with c as (%s) select a.x from c a, c b', innermost);
    end loop;
    return innermost;
end $$;
-- Each level as a CTE beside the others.
create function chained(innermost text, levels int) returns text language sql as $$
    select format('with c0 as (%s)', innermost)
        || string_agg(format(', c%s as (select a.x from c%s a, c%s b)', n, n - 1, n - 1), '' order by n)
        || format(' select x from c%s', levels)
    from generate_series(1, levels) n
$$;
create function in_levels(innermost text, pattern text, levels int) returns text language plpgsql as $$
begin
    for level in 1..levels loop
        innermost := format(pattern, innermost);
    end loop;
    return innermost;
end $$;

-- Without a table each level has to be looked at, once.
select elile_optimize.reset();
\set ECHO none
\o /dev/null
select 'explain ' || doubled('select 1 as x', 60) \gexec
select doubled('select 1 as x', 60) || ' limit 0' \gexec
select 'prepare nested as ' || doubled('select 1 as x', 60) || ' limit 0' \gexec
execute nested;
execute nested;
deallocate nested;
do $$ begin execute 'explain ' || doubled('select 1 as x', 60); end $$;
select 'explain ' || chained('select 1 as x', 100) \gexec
select format('explain with c as materialized (select 1 as x) (%s) union all (%s)',
    doubled('select x from c', 60), doubled('select x from c', 60)) \gexec
select format('explain insert into beta (id) %s', doubled('select 1 as x', 60)) \gexec
select format('explain merge into beta using (%s) s on s.x = beta.id when matched then do nothing',
    doubled('select 1 as x', 60)) \gexec
\o
\set ECHO all

-- The table that lies behind or below all that.
\set ECHO none
\o /dev/null
select format('select count(*) as case_behind_nested from (%s limit 0) s, alpha, beta',
    doubled('select 1 as x', 60)) \gexec
select format('select count(*) as case_below_nested from (%s limit 0) s, alpha',
    doubled('select id as x from beta', 8)) \gexec
select format('select count(*) as case_behind_chain from (%s limit 0) s, alpha, beta',
    chained('select 1 as x', 100)) \gexec
select format('select count(*) as case_behind_subqueries from (%s) s, alpha, beta',
    in_levels('select 1 as x', 'select x from (%s offset 0) s', 500)) \gexec
select format('select count(*) as case_below_subqueries from (%s) s, alpha',
    in_levels('select id as x from beta', 'select x from (%s offset 0) s', 500)) \gexec
select format('select count(*) as case_below_laterals from (%s) s, alpha',
    in_levels('select id as x from beta', 'select l.x from (select 1) s, lateral (%s offset 0) l', 100)) \gexec
select format('select count(*) as case_below_unions from (%s) s, alpha',
    in_levels('select id as x from beta', '(select 1 as x except select 2) union all (%s)', 50)) \gexec
select 'select count(*) as case_behind_joins from '
    || string_agg('generate_series(1, 1) g' || n, ' cross join ' order by n) || ', beta, alpha'
from generate_series(1, 300) n \gexec
select 'with ' || string_agg(format('c%s as (select 1 as x)', n), ', ' order by n)
    || ', last as (select id from beta) select count(*) as case_behind_ctes from '
    || string_agg('c' || n, ', ' order by n) || ', last, alpha'
from generate_series(1, 200) n \gexec
select 'with recursive c0 as (select id from beta)'
    || string_agg(format(', c%s as (select id from c%s)', n, n - 1), '' order by n)
    || ' select count(*) as case_below_ctes from (select * from c200) s, alpha'
from generate_series(1, 200) n \gexec
with c as (select * from beta) select count(*) as case_outer_cte from (select * from c) s, alpha;
with c as (select id from beta) select id as case_outer_cte_union from c union all select id from alpha;
with c as (select id from beta), d as (select id from c)
select count(*) as case_outer_cte_of_cte from (select * from (select * from d) s) s, alpha;
with recursive r as (select 1 as id union all select r.id + 1 from r where r.id < 3)
select count(*) as case_recursive from r, beta, alpha;
with c as (select * from beta) select (with c as (select * from alpha) select count(*) from c) as case_hidden_cte from c;
\o
\set ECHO all
select * from found;
drop view found;
drop table alpha, beta;
drop function doubled, chained, in_levels;

-- Slow executions that fail keep their plan too, in the words of a worker.
-- A worker writes down the plans of what failed, a moment later.
create procedure await_plans() language plpgsql as $$
begin
    for i in 1..600 loop
        exit when not exists (select from elile_optimize.slow_queries where plan_id is not null and plan is null);
        perform pg_sleep(0.05);
    end loop;
end $$;
create procedure await_lost(before bigint) language plpgsql as $$
begin
    for i in 1..600 loop
        exit when (select plans_lost > before from elile_optimize.info);
        perform pg_sleep(0.05);
    end loop;
end $$;
create table item (id int primary key, name text);
insert into item select g, 'n' || g from generate_series(1, 100) g;
analyze item;
create function shown(plan text) returns text language sql as
    $$ select regexp_replace(plan, '  \(cost[^)]*\)', '', 'g') $$;
create view kept as
    select sqlstate, query, shown(plan) as plan from elile_optimize.slow_queries where table_name = 'item' order by id;
select elile_optimize.reset();
\x on
set elile_optimize.slow_query_threshold = 0;
select 1 / (50 - id) from item where name <> 'secret' order by id;
begin;
select 1 / (50 - id) from item where name <> 'secret' order by id;
-- Within the failed transaction.
select 1;
rollback;
begin;
savepoint before;
select 1 / (50 - id) from item where name <> 'secret' order by id;
rollback to before;
commit;
set statement_timeout = 50;
select count(*) from item a, item b, item c, item d, item e where a.name || b.name || c.name <> 'secret';
reset statement_timeout;
insert into item select id, 'secret' from item;
set elile_optimize.slow_query_threshold = -1;
call await_plans();
select * from kept;

-- Caught in a function: what failed is the inner statement. The outer one, slow too, goes on.
create function tries(out caught int) language plpgsql as $$
begin
    caught := 0;
    for i in 1..3 loop
        begin
            perform 1 / (50 - id) from item where name <> 'secret';
        exception when division_by_zero then
            caught := caught + 1;
        end;
    end loop;
end $$;
select elile_optimize.reset();
set elile_optimize.track = 'all';
set elile_optimize.slow_query_threshold = 0;
select caught from tries();
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.track;
call await_plans();
select * from kept;
select sqlstate, plan is not null as has_plan from elile_optimize.slow_queries where query ~ 'tries';

-- Many of them in one transaction, with one plan: it is copied once, for all.
create function fails(times int) returns void language plpgsql as $$
begin
    for i in 1..times loop
        begin
            perform 1 / (50 - id) from item where name <> 'another secret' limit 77;
        exception when division_by_zero then null;
        end;
    end loop;
end $$;
select elile_optimize.reset();
select plans_lost as lost from elile_optimize.info \gset
set elile_optimize.track = 'all';
set elile_optimize.slow_query_threshold = 0;
select fails(100);
select fails(100);
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.track;
call await_plans();
select count(*), count(plan), count(distinct plan) from elile_optimize.slow_queries where sqlstate = '22012';
select plans_lost - :lost as lost from elile_optimize.info;

-- The table is gone by the time: the row has no plan, and info says so.
select plans_lost as lost from elile_optimize.info \gset
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
begin;
create table passing (id int);
insert into passing values (0);
select 1 / id from passing;
rollback;
set elile_optimize.slow_query_threshold = -1;
call await_lost(:lost);
select sqlstate, plan is null as is_lost, plan_id is not null as has_id from elile_optimize.slow_queries
    where table_name = 'passing' and operation = 'select';
select plans_lost - :lost as lost from elile_optimize.info;
\x off
reset elile_optimize.slow_query_threshold;
drop function tries(), fails(int);
drop view kept;
drop procedure await_plans(), await_lost(bigint);
drop function shown(text);
drop table item;

-- What fails in something else fails with it, once, with the error's own SQLSTATE; what comes after
-- is at top level again.
create view seen as
    select toplevel, operation, calls, failed_calls as failed, rows, query
    from elile_optimize.statements
    where dbid = (select oid from pg_database where datname = current_database())
        and query !~ 'elile_optimize|seen'
    order by query collate "C", toplevel, rows, calls;
create view failed as
    select sqlstate, toplevel, query from elile_optimize.slow_queries
    where sqlstate <> '00000' order by query collate "C", toplevel, sqlstate;
create table item (id int primary key);
insert into item select generate_series(1, 10);
set elile_optimize.track = 'all';
set elile_optimize.slow_query_threshold = 0;
set elile_optimize.enable_query_logging = off;

-- Three levels deep, in a transaction block that stays open: all have failed before it ends.
create function deep(level int) returns int language plpgsql as $$
declare found int;
begin
    if level = 0 then
        return 1 / level;
    end if;
    select deep(level - 1) into found from item where id = level;
    return found;
end $$;
select elile_optimize.reset();
begin;
select deep(3);
rollback;
select * from failed;

-- Raised again after a notice, and turned into another error.
create function again(divisor int) returns int language plpgsql as $$
begin
    perform 1 / divisor from item;
    return 1;
exception when division_by_zero then
    raise notice 'seen';
    raise;
end $$;
create function other(divisor int) returns int language plpgsql as $$
begin
    perform 1 / divisor from item;
    return 1;
exception when division_by_zero then
    raise exception 'other' using errcode = '45000';
end $$;
select elile_optimize.reset();
select again(0);
select other(0);
select * from failed;

-- A cursor of before the savepoint whose fetch fails after it.
select elile_optimize.reset();
begin;
declare few cursor for select 1 / (3 - id) as quotient from item order by id;
fetch 1 from few;
savepoint s;
fetch 4 from few;
rollback to s;
commit;
select * from seen;
select * from failed;

-- A cursor outlives the savepoint after which it was fetched from.
select elile_optimize.reset();
begin;
declare few cursor for select id from item order by id;
savepoint s;
fetch 2 from few;
rollback to s;
fetch 3 from few;
commit;
select * from seen;

-- FETCH 0 does not run it.
select elile_optimize.reset();
begin;
declare few cursor for select id from item order by id;
fetch 0 from few;
fetch 2 from few;
fetch 0 from few;
commit;
select * from seen;

-- Functions that planning evaluates: their statements are nested, and an error among them is no
-- execution of the statement that was planned.
create function folded(i int) returns int immutable language plpgsql as $$
begin
    begin
        perform 1 / i from item;
    exception when division_by_zero then
        null;
    end;
    perform from item where id = i;
    return 1 / i;
end $$;
select elile_optimize.reset();
select folded(0);
select 1 as after_planning_failed;
select folded(1);
select * from seen;

-- What SQL functions run fails with the statement that calls them.
create function in_sql(i int) returns int language sql volatile as $$
    update item set id = id where id = i;
    select 1 / i;
$$;
select elile_optimize.reset();
do $$
begin
    perform in_sql(0);
exception when division_by_zero then
    perform 2 from item where id = 2;
end $$;
select * from seen;
select * from failed;

reset elile_optimize.track;
reset elile_optimize.slow_query_threshold;
reset elile_optimize.enable_query_logging;
drop view seen, failed;
drop function deep, again, other, folded, in_sql;
drop table item;

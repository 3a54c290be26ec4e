-- Executions that fail are counted once, in failed_calls; a portal that is closed early in calls.
-- What was counted, without the statements that only look.
create view seen as
    select toplevel, operation, table_name, calls, failed_calls as failed, rows, query
    from elile_optimize.statements
    where dbid = (select oid from pg_database where datname = current_database())
        and query !~ 'elile_optimize|seen'
    order by query collate "C", toplevel;
create table item (id int primary key, name text);
insert into item select g, 'n' || g from generate_series(1, 10) g;

select elile_optimize.reset();
-- In the middle of the rows.
select 1 / (5 - id) as quotient from item order by id;
-- Some executions of a statement succeed, some fail.
select 10 / id as tenth from item where id = 1;
select 10 / (id - 2) as tenth from item where id = 2;
select 10 / (id - 2) as tenth from item where id = 3;
insert into item values (11, 'eleven');
insert into item values (11, 'again');
-- Utilities.
create table item (id int);
drop table nowhere;
do $$ begin perform 1 / 0; end $$;
copy (select 1 / (id - 1) from item) to stdout;
select * from seen;
select total_queries, failed_queries from elile_optimize.summary;

-- Cancelled.
select elile_optimize.reset();
set statement_timeout = 50;
select pg_sleep(60);
reset statement_timeout;
select * from seen where query ~ 'sleep';

begin;
set local statement_timeout = 50;
do $$ begin perform pg_sleep(60); end $$;
rollback;
select * from seen where query ~ 'do';

-- The time that it took is counted.
select failed_calls, min_exec_time >= 49 as has_time, max_exec_time = min_exec_time as one
from elile_optimize.statements where query ~ '^select pg_sleep' and query !~ 'elile';

-- The slow ones tell how they failed. The row of what failed before it ran comes later, from a worker.
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
select 1 / 0 as zero;
select 1 / (id - 3) from item;
insert into item values (11, 'again');
reset elile_optimize.slow_query_threshold;
select operation, table_name, rows, sqlstate, query from elile_optimize.slow_queries
where query !~ 'elile_optimize|zero' order by id;
select operation, table_name, calls, failed_calls, slow_calls from elile_optimize.statements
where query !~ 'elile_optimize' and slow_calls > 0 order by query collate "C";

-- Caught in a PL block: the inner statement failed, the outer one did not.
select elile_optimize.reset();
set elile_optimize.track = 'all';
do $$
begin
    for i in 1..3 loop
        begin
            insert into item values (i + 9, 'caught');
        exception when unique_violation then
            null;
        end;
    end loop;
    perform count(*) from item;
end $$;
reset elile_optimize.track;
select toplevel, operation, table_name, calls, failed, rows, query from seen;

-- After an error caught, what is at top level is known as such.
select elile_optimize.reset();
select 2 as after_all;
select * from seen;

-- ROLLBACK closes a portal: it counts once, in calls.
select elile_optimize.reset();
set elile_optimize.track = 'all';
begin;
declare few cursor for select id, name from item order by id;
fetch 2 from few;
fetch 1 from few;
rollback;
reset elile_optimize.track;
select * from seen;

-- So does an error elsewhere.
select elile_optimize.reset();
set elile_optimize.track = 'all';
begin;
declare few cursor for select id, name from item order by id;
fetch 2 from few;
select 1 / 0 as zero;
rollback;
reset elile_optimize.track;
select * from seen;

-- One that was never fetched from is no execution.
select elile_optimize.reset();
set elile_optimize.track = 'all';
begin;
declare few cursor for select id, name from item order by id;
rollback;
reset elile_optimize.track;
select * from seen where operation = 'select';

-- An error at COMMIT comes after the execution of the statement.
create table late (id int primary key deferrable initially deferred);
select elile_optimize.reset();
insert into late values (1), (1);
begin;
insert into late values (2), (2), (3);
commit;
select * from seen;

drop table item, late;
drop view seen;

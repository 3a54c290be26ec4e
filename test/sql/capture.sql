-- Every execution is counted once, however it came to the server.
-- What was counted, without the statements that only look.
create view seen as
    select toplevel, operation, table_name, calls, failed_calls as failed, rows, query
    from elile_optimize.statements
    where dbid = (select oid from pg_database where datname = current_database())
        and query !~ 'elile_optimize|seen'
    order by query collate "C", toplevel;
create table item (id int primary key, name text);

-- The same statement with other literals; several statements in one string.
select elile_optimize.reset();
select count(*) from item where id = 1;
select count(*) from item where id = 2;
select 1 as one \; select 2 as one, 3 as two \; insert into item values (1, 'a'), (2, 'b'), (3, 'c');
select * from seen;

-- EXECUTE counts as the statement that it executes, with custom and with generic plans.
select elile_optimize.reset();
set plan_cache_mode = force_custom_plan;
prepare by_id (int) as select name from item where id = $1;
execute by_id(1);
execute by_id(2);
set plan_cache_mode = force_generic_plan;
execute by_id(3);
execute by_id(4);
reset plan_cache_mode;
prepare change (int, text) as update item set name = $2 where id = $1;
execute change(1, 'x');
execute change(7, 'x');
deallocate all;
select toplevel, operation, table_name, calls, failed, rows, query from seen where operation <> 'utility';

-- More runs than it takes for the server to choose a generic plan by itself.
select elile_optimize.reset();
prepare by_name (text) as select id from item where name = $1;
do $$ begin for i in 1..3 loop perform 1; end loop; end $$;
\o /dev/null
execute by_name('a'); execute by_name('b'); execute by_name('c'); execute by_name('d');
execute by_name('e'); execute by_name('f'); execute by_name('g'); execute by_name('h');
\o
deallocate by_name;
select operation, table_name, calls, failed, rows from seen where operation = 'select';

-- A cursor fetched in parts.
select elile_optimize.reset();
begin;
declare few cursor for select id from item order by id;
fetch 1 from few;
fetch 1 from few;
fetch 10 from few;
move backward all in few;
close few;
commit;
select * from seen;

-- The rows of a FETCH are those that psql reports.
select elile_optimize.reset();
begin;
declare pair cursor for select id from item where id <= 3 order by id;
fetch 2 from pair;
fetch 2 from pair;
commit;
select operation, table_name, calls, failed, rows from seen where query ~* '^fetch';

-- Writes: the rows are those that psql reports.
select elile_optimize.reset();
insert into item values (4, 'd'), (5, 'e') returning id;
insert into item values (4, 'd') on conflict do nothing;
insert into item select g, 'many' from generate_series(10, 19) g;
update item set name = 'z' where id >= 10;
update item set name = 'y' where id = 4 returning name;
delete from item where id >= 15;
with gone as (delete from item where id >= 10 returning id) select count(*) from gone;
merge into item i using (values (1), (5), (6)) v (id) on i.id = v.id
    when matched and i.id = 1 then delete
    when matched then update set name = 'merged'
    when not matched then insert values (v.id, 'new');
truncate item;
select * from seen;

-- A query that fails before its execution is none.
select elile_optimize.reset();
select nothing from item;
selec 1;
select * from seen;

-- Nothing to execute.
select elile_optimize.reset();
;
select from item;
select * from seen;

drop table item;
drop view seen;

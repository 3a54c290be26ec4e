-- Statements that succeed, fail and time out, plain, nested, in cursors, COPY, blocks and utilities.
select count(*) from work.item where n > 3;
select name from work.item where id = 1;
select id, 1 / (id - 3) from work.item;
select nothing from work.item;
insert into work.item values (100, 'a', 1), (101, 'b', 2);
insert into work.item values (102, 'c', 1), (1, 'again', 2);
insert into work.item values (103, null, 1);
insert into work.part values (100, 5000);
update work.item set n = n + 1 where id < 5;
update work.item set n = n - 1000 where id < 5;
delete from work.item where id = 1;
delete from work.item where id in (100, 101) returning name;
merge into work.item i using (values (110)) v (id) on i.id = v.id when not matched then insert values (v.id, 'merged', 1);
with gone as (delete from work.item where id = 110 returning id) insert into work.note select 'gone' from gone;

prepare by_id (int) as select name from work.item where id = $1;
execute by_id(1);
execute by_id(2);
execute by_id(3);
execute by_id(4);
execute by_id(5);
execute by_id(6);
execute by_id('x');
prepare divides (int) as update work.item set n = 1 / $1 where id = 2;
execute divides(1);
execute divides(0);
deallocate by_id;
deallocate by_id;

set statement_timeout = '120ms';
select pg_sleep(600);
select count(*) from work.item where pg_sleep(600) is null;
update work.item set n = n where pg_sleep(600) is null;
insert into work.note select 'slow' from pg_sleep(600);
delete from work.note where pg_sleep(600) is null;
select work.sleeps();
do $$ begin perform work.sleeps(); end $$;
do $$ begin perform work.sleeps(); exception when query_canceled then insert into work.note values ('cancelled'); end $$;
copy (select id from work.item where pg_sleep(600) is null) to stdout;
create table work.never as select id from work.item where pg_sleep(600) is null;
explain (analyze, costs off, timing off, summary off) select id from work.item where pg_sleep(600) is null;
begin;
declare waits cursor for select id, pg_sleep(600) from work.item;
fetch waits;
rollback;
prepare sleeps as select pg_sleep(600);
execute sleeps;
reset statement_timeout;
select case when pg_cancel_backend(pg_backend_pid()) then pg_sleep(600) end;
update work.item set n = n where case when pg_cancel_backend(pg_backend_pid()) then pg_sleep(600) is null end;

select work.adds(200);
select work.adds(200);
select work.fails(201);
select work.catches(202);
select work.catches(g) from generate_series(203, 206) g;
select work.counts('counted');
call work.commits(3);
begin;
call work.commits(1);
rollback;
do $$ declare i int; begin for i in 300 .. 304 loop perform work.adds(i); end loop; end $$;
do $$ begin
    execute 'create temporary table own (id int)';
    execute 'insert into own select generate_series(1, 3)';
    execute 'drop table own';
end $$;
do $$ begin begin perform work.fails(310); exception when division_by_zero then perform work.adds(311); end; end $$;
do $$ declare r record; begin
    for r in select id from work.item order by id limit 5 loop
        perform name from work.item where id = r.id;
    end loop;
end $$;

begin;
savepoint a;
insert into work.item values (1, 'again', 1);
rollback to a;
insert into work.item values (400, 'kept', 1);
savepoint b;
select work.fails(401);
rollback to b;
release b;
commit;
begin;
select 1 / (id - 3) from work.item;
select 1;
commit;

begin;
declare c scroll cursor for select id from work.item order by id;
fetch 5 from c;
fetch backward 2 from c;
move 3 from c;
fetch 0 from c;
close c;
declare d cursor with hold for select id from work.item order by id;
fetch 2 from d;
commit;
fetch 2 from d;
close d;
begin;
declare e cursor for select 1 / (id - 3) from work.item order by id;
fetch 1 from e;
fetch 10 from e;
rollback;
begin;
declare f cursor for select id from work.item order by id;
fetch 2 from f;
rollback;

copy work.note from stdin;
one
two
\.
copy work.part from stdin;
500	1
501	5000
\.
copy work.item (id, name, n) from stdin;
510	x	y
\.
copy work.item to stdout;
copy (insert into work.note values ('copied') returning what) to stdout;

create table work.other (id int, n int);
create table work.other (id int, n int);
insert into work.other values (1, 1), (1, 2);
create unique index on work.other (id);
alter table work.other add constraint positive check (n > 1);
alter table work.other add column more text default 'more';
create table work.copied as select * from work.other;
select * into work.selected from work.other;
create view work.shown as select id from work.other;
comment on table work.other is 'other';
grant select on work.other to public;
explain (costs off) select * from work.other;
explain (costs off) update work.other set n = 2;
explain (analyze, costs off, timing off, summary off, buffers off) update work.other set n = 2;
explain (analyze, costs off, timing off, summary off) select 1 / (id - id) from work.other;
refresh materialized view work.names;
vacuum work.other;
analyze work.other;
reindex table work.other;
create index concurrently other_n on work.other (n);
truncate work.other;
lock table work.other;
begin;
lock table work.other in share mode;
commit;
listen neighbours;
notify neighbours;
set work_mem = '1MB';
show work_mem;
set work_mem = 'nothing';
reset work_mem;
drop table work.other;
drop table work.other cascade;
drop table work.copied, work.selected;
create event trigger nothing on ddl_command_start execute function work.note();
set role neighbour;
select count(*) from work.item;
insert into work.note values ('denied');
reset role;
set session authorization neighbour;
select count(*) from work.big;
reset session authorization;

set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
select count(*) from work.big where n > 0;
select count(1 / (n - 10000)) from work.big;
select sum(b.n) from work.big b join work.item i on i.id = b.id;
set statement_timeout = '120ms';
select count(pg_sleep(0.001)) from work.big;
reset statement_timeout;
set force_parallel_mode = on;
select count(*) from work.item where n > 3;
select work.counts('parallel');
select id, 1 / (id - 3) from work.item;
reset force_parallel_mode;

-- Utilities that execute a query count once at top level; what runs inside is nested.
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
\o /dev/null
explain select * from item where id = 1;
explain (analyze, costs off, timing off, summary off) select * from item where id < 4;
\o
create table copied as select * from item where id < 6;
select * into copied_again from item where id < 4;
create materialized view few as select * from item where id < 3;
refresh materialized view few;
copy (select id from item where id < 5 order by id) to stdout;
copy copied from stdin;
20	twenty
21	twenty one
\.
copy copied to stdout;
do $$ begin perform 1; end $$;
alter table copied add column more int;
create index on copied (id);
vacuum copied;
begin;
savepoint s;
rollback to s;
commit;
set work_mem = '8MB';
show work_mem;
reset work_mem;
select * from seen;

-- all
select elile_optimize.reset();
set elile_optimize.track = 'all';
\o /dev/null
explain (analyze, costs off, timing off, summary off) select * from item where id < 4;
\o
create table copied_all as select * from item where id < 6;
refresh materialized view few;
copy (select id from item where id < 5 order by id) to stdout;
prepare p as select id from item where id < $1 order by id;
execute p(3);
create table from_prepared as execute p(4);
deallocate p;
reset elile_optimize.track;
select * from seen;

-- A utility's execution begins before its permissions are looked at, so such an error is a failure.
create role elile_nobody;
select elile_optimize.reset();
set role elile_nobody;
alter table item add column more int;
drop table item;
select * from item;
reset role;
select * from seen;

drop role elile_nobody;
drop materialized view few;
drop table item, copied, copied_again, copied_all, from_prepared;
drop view seen;

-- The table that a statement is counted for.
create view seen as
    select operation, table_name, calls, query
    from elile_optimize.statements
    where dbid = (select oid from pg_database where datname = current_database())
        and query !~ 'elile_optimize|seen'
    order by query collate "C";
create table alpha (id int primary key, b int);
create table beta (id int primary key, v text);
create schema "Other";
create table "Other"."Mixed" (id int);
create view alpha_view as select id from alpha;
create view join_view as select b.id from beta b join alpha a on a.b = b.id;
create materialized view alpha_stored as select id from alpha;
create table part (id int, at int) partition by range (id);
create table part_1 partition of part for values from (0) to (10) partition by range (at);
create table part_1_1 partition of part_1 for values from (0) to (10);
create table base (id int);
create table derived () inherits (base);
create temp table scratch (id int);

-- Reads: the first table in FROM order.
select elile_optimize.reset();
\o /dev/null
select 1;
select now();
select * from generate_series(1, 2);
values (1), (2);
select * from alpha;
select * from beta, alpha;
select * from alpha a join beta b on a.b = b.id;
select * from beta b left join alpha a on a.b = b.id;
select * from generate_series(1, 2) g, beta;
select * from alpha_view;
select * from join_view;
select * from alpha_stored;
select * from (select * from beta) b, alpha;
select * from (select * from (select 1) one, beta) b;
with c as (select * from beta) select * from c, alpha;
with c as (select * from beta) select * from alpha, c;
with recursive r as (select id from beta union all select r.id + 1 from r where r.id < 0) select * from r;
select id from beta union all select id from alpha;
select 1 from alpha_view union select id from beta;
select * from "Other"."Mixed";
select * from part;
select * from part_1;
select * from part_1_1;
select * from derived;
select * from scratch;
select * from beta for update;
select count(*) from pg_class;
\o
select * from seen;

-- The planner may leave tables out; the statement has them still.
select elile_optimize.reset();
\o /dev/null
select * from alpha where false;
select a.id from alpha a left join beta b on a.b = b.id;
\o
select * from seen;

-- Writes: their target.
select elile_optimize.reset();
insert into alpha select id, id from beta;
insert into alpha_view values (5);
update alpha set b = beta.id from beta where alpha.id = beta.id;
delete from alpha using beta where alpha.id = beta.id;
with moved as (delete from beta returning id) insert into alpha select id, id from moved;
merge into beta using alpha on alpha.id = beta.id when matched then do nothing;
insert into part values (1, 1);
insert into part_1_1 values (2, 2);
update part set at = 3;
delete from part_1;
insert into scratch values (1);
update only base set id = 1;
insert into "Other"."Mixed" values (1);
select * from seen;
select schema_name, table_name, operation, calls, failed_calls, rows
from elile_optimize.table_operations
where datname = current_database() and operation not in ('select', 'utility')
order by schema_name collate "C", table_name collate "C", operation;

-- Temporary tables of one name are one table to the reader.
select elile_optimize.reset();
drop table scratch;
create temp table scratch (id int, more int);
insert into scratch values (1, 2);
drop table scratch;
create temp table scratch (id int, more int);
insert into scratch values (1, 2);
select schema_name, table_name, operation, calls from elile_optimize.table_operations
where schema_name = 'pg_temp';

-- Renamed, moved and dropped tables.
select elile_optimize.reset();
update beta set v = 'x';
alter table beta rename to gamma;
select * from seen where operation = 'update';
update gamma set v = 'x';
alter table gamma set schema "Other";
select operation, table_name, calls from seen where operation = 'update' order by query collate "C";
select schema_name, table_name, operation, calls from elile_optimize.table_operations
where operation = 'update';
drop view join_view;
drop table "Other".gamma;
select count(*), sum(calls) from elile_optimize.table_operations where operation = 'update';

-- A table dropped and made again under its name.
select elile_optimize.reset();
create table again (id int);
insert into again values (1);
drop table again;
create table again (id int);
insert into again values (1);
select operation, table_name, sum(calls) from seen where operation = 'insert' group by 1, 2;

drop table again, scratch, base, derived, part;
drop schema "Other" cascade;
drop materialized view alpha_stored;
drop view alpha_view;
drop table alpha;
drop view seen;

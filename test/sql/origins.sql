-- Whose a statement is: the application's, the extension's own, or the catalogue's.
select elile_optimize.reset();
set elile_optimize.track = 'all';
create table orders (id int primary key, total numeric);
insert into orders values (1, 10);
create view order_tables as select relname from pg_class where relname = 'orders';
create function order_total(int) returns numeric language sql stable as 'select total from orders where id = $1';
create function twice(int) returns int language plpgsql immutable as 'begin return 2 * $1; end';

select total as "app: its table" from orders;
select count(*) as "app: beside the catalogue" from orders join pg_class on relname = 'orders';
select count(*) as "app: beside the extension" from orders, elile_optimize.summary;
select id as "app: with a function of the extension" from orders where elile_optimize.record_db_query('select', 'orders', 0.001) is not null;
select count(*) as "app: its view of the catalogue" from order_tables;
select 1 as "app: no table";
select twice(2) as "app: its function";
select order_total(1) as "app: a function in line";
select count(*) as "app: a function of the server" from generate_series(1, 3);
select count(*) > 0 as "own: a view" from elile_optimize.table_operations;
select count(*) > 0 as "own: with the catalogue" from elile_optimize.statements join pg_database d on d.oid = dbid;
select pool_size > 0 as "own: a function" from elile_optimize.pool_config('testing');
select elile_optimize.set_active_connections(1) as "own: a function without FROM";
select relname as "cat: a table" from pg_catalog.pg_class where oid = 'orders'::regclass;
select count(*) > 0 as "cat: a view" from pg_stat_user_tables;
select count(*) > 0 as "cat: information_schema" from information_schema.columns;
-- The application's function makes one on the catalogue nobody else's.
select count(*) > 0 as "cat: with a function" from pg_class where twice(relnatts) > 2;
explain (costs off) select 1 as "app: a utility";
prepare look as select count(*) > 0 as "own: prepared" from elile_optimize.slow_queries;
execute look;
execute look;

select substring(query from '"((?:app|own|cat): [^"]*)"') collate "C" as what, operation, origin
from elile_optimize.statements
where toplevel and query ~ '"(app|own|cat): ' and query !~ 'substring' and dbid = (select oid from pg_database where datname = current_database())
order by what, operation;

-- It ends the view, is kept without texts, and an entry that is made anew has it.
select attname from pg_attribute where attrelid = 'elile_optimize.statements'::regclass and attnum > 0 order by attnum desc limit 1;
select distinct origin from elile_optimize.statements(false) order by origin;
select elile_optimize.reset();
select relname as "cat: a table" from pg_catalog.pg_class where oid = 'orders'::regclass;
execute look;
select substring(query from '"((?:app|own|cat): [^"]*)"') collate "C" as what, origin from elile_optimize.statements
where toplevel and query ~ '"(own|cat): ' and query !~ 'substring' and dbid = (select oid from pg_database where datname = current_database()) order by what;
-- Without the extension its functions are not known, and once it is there again, they are.
drop extension elile_optimize;
select twice(3) as "app: its function, no extension";
create extension elile_optimize;
select elile_optimize.set_active_connections(2) as "own: a function of the new one";
select substring(query from '"((?:app|own|cat): [^"]*)"') collate "C" as what, origin from elile_optimize.statements
where toplevel and query ~ '"(app: its function, no|own: a function of the new)' and query !~ 'substring' order by what;
reset elile_optimize.track;
deallocate look;
drop view order_tables;
drop function order_total, twice;
drop table orders;

-- Statements of each kind that the exporter shows, some of them slow, failed or in a loop.
create table if not exists parent (id int primary key, name text);
create table if not exists child (id serial primary key, parent int, note text);
insert into parent select g, 'p' || g from generate_series(1, 30) g on conflict do nothing;
insert into child (parent, note) select g % 30, 'c' || g from generate_series(1, 100) g;
select id from parent order by id;
select format('select * from child where parent = %s', g) from generate_series(1, 30) g \gexec
select 1 / (id - 5) from parent;
update child set note = 'new' where id < 10;
delete from child where id < 3;
select elile_optimize.set_active_connections(3);
select elile_optimize.set_connection_pool_size(5);
select elile_optimize.record_db_query('select', E'na"me\\of\nlines', 0.2);
create index if not exists child_parent on child (parent);

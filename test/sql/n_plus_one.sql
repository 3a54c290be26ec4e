-- One statement, then another one for each of its rows: found. All else: silent.
-- psql's \gexec is the loop: it sends what the parent's rows say, one by one.
create table entity (id int primary key, name text);
create table profile (id int primary key, entity_id int not null, kind text);
create table version (id int primary key, profile_id int not null);
insert into entity select g, 'entity ' || g from generate_series(1, 50) g;
insert into profile select g, (g - 1) / 3 + 1, 'p' from generate_series(1, 150) g;
insert into version select g, (g - 1) / 2 + 1 from generate_series(1, 300) g;
set application_name = 'shop';
create view found as
    select application_name, table_name, occurrences, runs_per_occurrence, round_trips_saved, max_runs,
        total_time > 0 as has_time, last_seen >= first_seen as is_seen,
        substring(parent_query from 'from \w+') as parent, substring(child_query from 'from \w+') as child
    from elile_optimize.n_plus_one where datname = current_database()
    order by table_name collate "C", child_query collate "C";
show elile_optimize.n_plus_one_threshold;
set elile_optimize.n_plus_one_threshold = 1;

select elile_optimize.reset();
\set ECHO none
\o /dev/null
select format('select * from profile where entity_id = %s', id) from entity order by id \gexec
\o
\set ECHO all
select * from found;
\set ECHO none
\o /dev/null
select format('select * from profile where entity_id = %s', id) from entity order by id limit 20 \gexec
select format('select * from profile where entity_id = %s', id) from entity order by id limit 20 \gexec
\o
\set ECHO all
select * from found;

-- By prepared statements.
select elile_optimize.reset();
prepare parent as select id from entity;
prepare child(int) as select * from profile where entity_id = $1;
\set ECHO none
\o /dev/null
execute parent;
select format('execute child(%s)', g) from generate_series(1, 30) g \gexec
\o
\set ECHO all
select * from found;

-- Loops in each other, whatever the rows of the middle one: each level is found.
select elile_optimize.reset();
\set ECHO none
\o /dev/null
select format('select * from profile where entity_id = %s', id),
    format('select * from version where profile_id = %s', 3 * id - 2),
    format('select * from version where profile_id = %s', 3 * id - 1),
    format('select * from version where profile_id = %s', 3 * id) from entity order by id \gexec
\o
\set ECHO all
select * from found;

-- Two children of one parent, of which the first has rows.
select elile_optimize.reset();
\set ECHO none
\o /dev/null
select format('select * from profile where entity_id = %s', id),
    format('select count(*) from version where profile_id = %s', id),
    'update entity set name = name where id = ' || id from entity order by id \gexec
\o
\set ECHO all
select * from found;

-- What is none: more runs than rows, the same parameters, too few runs, lists, writes, the
-- catalogue, no table, statements without rows before them, and loops that a transaction ends.
select elile_optimize.reset();
set client_min_messages = error;
\set ECHO none
\o /dev/null
select id from entity order by id limit 30;
select format('select * from profile where entity_id = %s', g) from generate_series(1, 31) g \gexec
select 'select * from profile where entity_id = 7' from entity \gexec
select format('select * from profile where entity_id = %s', id) from entity order by id limit 9 \gexec
select format('select * from profile where entity_id in (%s, %s)', id, id + 1) from entity order by id \gexec
select format('select * from profile where entity_id = any(''{%s,%s}'')', id, id + 1) from entity order by id \gexec
select format('select * from profile where entity_id = any(array[%s, %s])', id, id + 1) from entity order by id \gexec
select format('select * from profile where (id, entity_id) in ((%s, %s), (%s, 7))', id, id + 1, id + 2) from entity order by id \gexec
select format('select * from profile where entity_id in (%s::int, -%s::int)', id, id + 1) from entity order by id \gexec
select format('insert into version values (%s, 1)', id + 1000) from entity order by id \gexec
select format('update entity set name = ''x'' where id = %s', id) from entity order by id \gexec
select format('select relname from pg_class where oid = %s', oid) from pg_class limit 30 \gexec
select format('select %s', id) from entity \gexec
begin;
select id from entity order by id;
commit;
select format('select * from profile where entity_id = %s', g) from generate_series(1, 40) g \gexec
select format('select * from profile where entity_id = %s', g), 'commit' from generate_series(1, 40) g \gexec
begin;
declare rows_one_by_one cursor for select * from entity;
select 'fetch next from rows_one_by_one' from entity \gexec
rollback;
do $$ declare e record; p record; begin
    for e in select * from entity loop
        select * into p from profile where entity_id = e.id;
    end loop; end $$;
\o
\set ECHO all
select * from found;

reset client_min_messages;

-- A list that stays as it is makes no list of keys, and neither do a list of one or a function's arguments.
\set ECHO none
\o /dev/null
select format('select id from profile where entity_id = greatest(0, %s)', id) from entity order by id \gexec
select format('select kind from profile where entity_id in (%s)', id) from entity order by id \gexec
select format('select * from profile where entity_id = %s and kind in (''p'', ''q'')', id) from entity order by id \gexec
\o
\set ECHO all
select * from found;

-- Off, and on again.
select elile_optimize.reset();
set elile_optimize.n_plus_one_threshold = 0;
\set ECHO none
\o /dev/null
select format('select * from profile where entity_id = %s', id) from entity order by id \gexec
\o
\set ECHO all
select * from found;
reset elile_optimize.n_plus_one_threshold;

-- A reset in the middle forgets the occurrence; the next one is whole.
\set ECHO none
\o /dev/null
select case id when 25 then 'select elile_optimize.reset()'
    else format('select * from profile where entity_id = %s', id) end from entity order by id \gexec
\o
\set ECHO all
select * from found;
\set ECHO none
\o /dev/null
select format('select * from profile where entity_id = %s', id) from entity order by id \gexec
\o
\set ECHO all
select * from found;
-- Of one statement alone.
select elile_optimize.reset(0, 0, child_queryid) from elile_optimize.n_plus_one;
select * from found;

-- Without identifiers nothing is found.
set compute_query_id = off;
\set ECHO none
\o /dev/null
select format('select * from profile where entity_id = %s', id) from entity order by id \gexec
\o
\set ECHO all
reset compute_query_id;
select * from found;

-- A table that is gone, and texts that others may not see.
\set ECHO none
\o /dev/null
select format('select * from version where profile_id = %s', id) from entity order by id \gexec
\o
\set ECHO all
drop table version;
select * from found;
create role elile_loop_reader;
set role elile_loop_reader;
select username, application_name, parent_queryid, child_queryid, parent_query, child_query, table_name, occurrences, suggestion, evidence
    from elile_optimize.n_plus_one where datname = current_database();
reset role;
drop role elile_loop_reader;
select n_plus_one_dropped, applications_overflow, suggestions_dropped from elile_optimize.info;
drop view found;
drop table entity, profile;

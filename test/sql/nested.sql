-- What runs inside a statement: nothing of it at track = top, all of it at all, and no statement at
-- none.
-- What was counted, without the statements that only look.
create view seen as
    select toplevel, operation, table_name, calls, failed_calls as failed, rows, query
    from elile_optimize.statements
    where dbid = (select oid from pg_database where datname = current_database())
        and query !~ 'elile_optimize|seen'
    order by query collate "C", toplevel;
create table parent (id int primary key);
create table child (id int primary key, parent int references parent on delete cascade);
create table audit (what text);
create function note() returns trigger language plpgsql as $$
begin
    insert into audit values (tg_op);
    return null;
end $$;
create trigger note after insert on child for each row execute function note();
create function in_sql(int) returns bigint language sql volatile as
    'select count(*) from parent where id = $1; select count(*) from child where id = $1';
create function in_pl(int) returns bigint language plpgsql as $$
declare
    found_rows bigint;
begin
    for i in 1..3 loop
        select count(*) into found_rows from parent where id = $1 + i;
    end loop;
    return found_rows;
end $$;
create procedure in_procedure() language plpgsql as $$
begin
    insert into parent values (100);
    delete from parent where id = 100;
end $$;
create function shout(text) returns text language plpgsql immutable as $$
begin
    return (select upper($1) from parent limit 1);
end $$;

-- top, the default.
select elile_optimize.reset();
insert into parent values (1), (2);
insert into child values (1, 1), (2, 1), (3, 2);
select in_sql(1);
select in_pl(1);
select in_pl(g) from generate_series(1, 2) g;
call in_procedure();
do $$ begin perform count(*) from parent; end $$;
select shout('a');
delete from parent where id = 2;
select * from seen;
select count(*) from audit;

-- all
delete from child;
delete from parent;
truncate audit;
select elile_optimize.reset();
set elile_optimize.track = 'all';
insert into parent values (1), (2);
insert into child values (1, 1), (2, 1), (3, 2);
select in_sql(1);
select in_pl(1);
select in_pl(g) from generate_series(1, 2) g;
call in_procedure();
do $$ begin perform count(*) from parent; end $$;
delete from parent where id = 2;
reset elile_optimize.track;
select * from seen;

-- Function calls that planning evaluates are nested too.
select elile_optimize.reset();
set elile_optimize.track = 'all';
select shout('a');
reset elile_optimize.track;
select toplevel, operation, table_name, query from seen where query ~ 'parent|shout' ;

-- none
select elile_optimize.reset();
set elile_optimize.track = 'none';
select elile_optimize.reset();
insert into parent values (5);
select in_pl(5);
call in_procedure();
do $$ begin perform 1; end $$;
checkpoint;
prepare p as select 1;
execute p;
deallocate p;
select * from seen;
select total_queries from elile_optimize.summary;
reset elile_optimize.track;

-- track_utility = off
set elile_optimize.track_utility = off;
select elile_optimize.reset();
call in_procedure();
select 5 as plain;
create table unseen ();
drop table unseen;
select * from seen;
reset elile_optimize.track_utility;

-- What a rule adds to a statement is no execution of its own; the triggers that it fires are nested.
create table source (id int);
create rule also as on insert to source do also insert into child values (new.id, null);
select elile_optimize.reset();
insert into source values (50);
select * from seen;
select elile_optimize.reset();
set elile_optimize.track = 'all';
insert into source values (51);
reset elile_optimize.track;
select * from seen;
-- A statement that a rule replaces by another command is what that does.
create table replaced (id int);
create rule instead as on insert to replaced do instead
    (update parent set id = id where id = new.id; delete from audit where what = 'nothing');
select elile_optimize.reset();
insert into replaced values (1);
select * from seen;
drop table replaced;
drop table source, child, parent, audit;
drop function note(), in_sql(int), in_pl(int), shout(text);
drop procedure in_procedure();
drop view seen;

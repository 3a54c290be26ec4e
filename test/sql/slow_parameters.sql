-- Parameters and literals are kept where they are wanted, and nowhere else.
create table item (id int primary key, name text);
insert into item select g, 'n' || g from generate_series(1, 100) g;
create view kept as
    select sqlstate, query, parameters, plan ~ 'secret' as plan_shows from elile_optimize.slow_queries
    where table_name = 'item' order by id;
-- A worker writes down what failed, a moment later.
create procedure await_plans() language plpgsql as $$
begin
    for i in 1..600 loop
        exit when not exists (select from elile_optimize.slow_queries where plan_id is not null and plan is null);
        perform pg_sleep(0.05);
    end loop;
end $$;
select elile_optimize.reset();
\x on
prepare typed(int, text, numeric, bytea, int[], timestamptz) as
    select count(*) from item where id = $1 and name <> $2 and $3 < 7 and $4 is not null
    and id <> all ($5) and $6 is null and name <> 'secret';
prepare failing(int, text, numeric, int[], bool) as
    select $1 / (50 - id) from item where name <> $2 and $3 < 7 and id <> all ($4) and $5 is null;
set elile_optimize.slow_query_threshold = 0;
execute typed(1, 'secret', 2.50, '\xdead', '{1,2}', null);
set elile_optimize.log_parameters = on;
set elile_optimize.log_parameter_max_length = 8;
execute typed(1, 'secret', 2.50, '\xdead', '{1,2}', null);
execute typed(1, 'the secret is long', 2.50, '\xdead', '{1,2}', null);
select 1 / (50 - id) from item where name <> 'secret' and id > -5 order by id;
execute failing(1, 'the secret is long', 2.50, '{1,2}', null);
set elile_optimize.log_parameters = off;
execute typed(1, 'secret', 2.50, '\xdead', '{1,2}', null);
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_parameter_max_length;
call await_plans();
select * from kept;

-- An output function that raises an error fails no statement.
set client_min_messages = warning;
create type bad;
create function bad_in(cstring) returns bad language internal immutable strict as 'int4in';
create function bad_out(bad) returns cstring language internal immutable strict as 'trigger_out';
create type bad (input = bad_in, output = bad_out, like = int4);
reset client_min_messages;
select parameters_lost as lost from elile_optimize.info \gset
prepare with_bad(bad) as select count(*) from item where $1 is not null and id < 3;
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
set elile_optimize.log_parameters = on;
execute with_bad('5');
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_parameters;
select sqlstate, query, parameters from elile_optimize.slow_queries where table_name = 'item';
select parameters_lost - :lost as lost from elile_optimize.info;
deallocate all;
drop type bad cascade;

-- Another role's.
create role somebody;
grant select on item to somebody;
grant set on parameter elile_optimize.slow_query_threshold, elile_optimize.log_parameters to somebody;
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
set elile_optimize.log_parameters = on;
select count(*) from item where name <> 'secret';
set elile_optimize.slow_query_threshold = -1;
set elile_optimize.log_parameters = off;
grant usage on schema elile_optimize to somebody;
grant select on elile_optimize.slow_queries to somebody;
set role somebody;
select query, parameters, plan, plan_id from elile_optimize.slow_queries where table_name = 'item';
reset role;
\x off
reset elile_optimize.slow_query_threshold;
reset elile_optimize.log_parameters;
drop view kept;
drop procedure await_plans();
drop table item;
drop owned by somebody;
drop role somebody;

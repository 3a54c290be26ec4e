-- What is large, deep or broken is cut or counted, and fails no statement.
-- A worker writes down the plans of what failed, a moment later.
create procedure await_plans(pattern text) language plpgsql as $$
begin
    for i in 1..600 loop
        exit when not exists (select from elile_optimize.slow_queries
            where query ~ pattern and plan_id is not null and plan is null);
        perform pg_sleep(0.05);
    end loop;
end $$;
create table wide (id int, name text) partition by range (id);
do $$ begin for i in 1..2500 loop
    execute format('create table wide_%s partition of wide for values from (%s) to (%s)', i, i, i + 1);
end loop; end $$;
insert into wide values (1, 'x');
select plans_lost as lost, plans_dropped as dropped from elile_optimize.info \gset
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
select count(*) from wide where id <= 400 and name <> 'secret';
-- Too large to be copied while the error is handled.
select count(1 / (id - id)) from wide where coalesce(name, 'secret') <> '' or 1 / (random() * 0) > 0;
set elile_optimize.slow_query_threshold = -1;
select sqlstate, plan ~ 'Append .*\n\(\d+ more bytes were cut\)$' as is_cut, length(plan) <= 16500 as is_bounded
    from elile_optimize.slow_queries where table_name = 'wide' order by id;
drop table wide;

-- More than 500 levels.
select repeat('select n + 1 as n from (', 600) || 'select 1 as n' || repeat(' offset 0) v', 600) as deep \gset
set elile_optimize.slow_query_threshold = 0;
select count(*) from (:deep) d;
select count(1 / (n - 601)) from (:deep) d;
set elile_optimize.slow_query_threshold = -1;
call await_plans('offset');
select sqlstate, plan ~ 'more bytes were cut' as is_cut from elile_optimize.slow_queries where query ~ 'offset' order by id;
-- Expressions as deep.
select 'select 1 ' || repeat('+ (1 ', 2000) || repeat(')', 2000) as nested \gset
set elile_optimize.slow_query_threshold = 0;
:nested;
set elile_optimize.slow_query_threshold = -1;

-- A text too long to be copied while the error is handled, not at its string's beginning.
select repeat('x', 70000) as long \gset
set elile_optimize.slow_query_threshold = 0;
set elile_optimize.log_parameters = on;
select 1 \; select 1 / (n - n), n = 4711, length(:'long') from generate_series(1, 1) n;
set elile_optimize.log_parameters = off;
select 2 \; select 2 / (n - n), n = 4711, length(:'long') from generate_series(1, 1) n;
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_parameters;
call await_plans('n - n');
select plan is not null as has_plan, parameters from elile_optimize.slow_queries where query ~ 'n - n' and sqlstate = '22012' order by id;

-- Parameters of a megabyte, and many of them.
set elile_optimize.slow_query_threshold = 0;
set elile_optimize.log_parameters = on;
prepare long(text, bytea) as select length($1), length($2);
select elile_optimize.reset();
execute long(repeat('x', 1048576), decode(repeat('ab', 1048576), 'hex'));
select length(repeat('y', 1048576)), 'prefix' || repeat('z', 100);
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_parameters;
select length(parameters) < 2200 as is_cut from elile_optimize.slow_queries where query ~ 'prepare long';
deallocate long;

-- The memory for plans is full: the rows are kept, the rest is counted.
select elile_optimize.reset();
set elile_optimize.log_parameters = on;
set elile_optimize.log_parameter_max_length = 1048576;
set elile_optimize.slow_query_threshold = 0;
prepare long(text) as select length($1);
execute long(repeat('x', 700000));
execute long(repeat('x', 700000));
set elile_optimize.slow_query_threshold = -1;
reset elile_optimize.log_parameters;
reset elile_optimize.log_parameter_max_length;
select count(*), count(parameters) from elile_optimize.slow_queries where query ~ 'prepare long';
select plans_lost - :lost as lost, plans_dropped - :dropped as dropped from elile_optimize.info;
select elile_optimize.reset();
select pg_sleep(1.5);
select plan_bytes < 100000 as is_free_again from elile_optimize.info;
deallocate long;
reset elile_optimize.slow_query_threshold;
drop procedure await_plans(text);

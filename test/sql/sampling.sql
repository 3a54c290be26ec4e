-- With sample_rate below 1 some executions stand for others; slow and failed ones are all counted.
create table item (id int primary key);
insert into item select g from generate_series(1, 10) g;
set elile_optimize.track = 'all';
set elile_optimize.slow_query_threshold = -1;
select elile_optimize.reset();
set elile_optimize.sample_rate = 0.25;
do $$ declare found int; begin for i in 1..40000 loop select id into found from item where id = i % 10; end loop; end $$;
set elile_optimize.sample_rate = 1;
-- The deviation is 346: six of them are no accident.
select abs(calls - 40000) < 2100 as calls_are_near, calls % 4 as is_multiple, estimated, rows between calls * 0.8 and calls as has_rows
    from elile_optimize.statements where query ~ 'select id' and not toplevel;
select elile_optimize.reset();
set elile_optimize.sample_rate = 0;
set elile_optimize.slow_query_threshold = 0;
do $$ declare found int; begin for i in 1..100 loop select id into found from item where id = i % 10; end loop; end $$;
set elile_optimize.slow_query_threshold = -1;
do $$ declare found int; begin for i in 1..100 loop select id into found from item where id = i % 10; end loop; end $$;
do $$ declare found int; begin for i in 1..10 loop
    begin select 1 / (id - id) into found from item where id = i; exception when division_by_zero then null; end;
    end loop; end $$;
reset elile_optimize.sample_rate;
select operation, calls, failed_calls, estimated from elile_optimize.statements
    where table_name = 'item' and not toplevel order by calls;
reset elile_optimize.track;
reset elile_optimize.slow_query_threshold;
drop table item;

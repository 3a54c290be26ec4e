-- Cached plans by their kind: the server tells it from 19 on, and before the figures are null.
select elile_optimize.reset();
create table origin_rows as select i as id from generate_series(1, 20) i;
set plan_cache_mode = force_generic_plan;
prepare look_up(int) as select count(*) from origin_rows where id = $1;
execute look_up(1);
execute look_up(2);
set plan_cache_mode = force_custom_plan;
execute look_up(3);
-- What fails is no call of either kind.
prepare dividing(int) as select sum(1 / (id - $1)) as quotients from origin_rows;
execute dividing(0);
execute dividing(5);
set plan_cache_mode = force_generic_plan;
execute dividing(5);
execute dividing(0);
-- A statement that is planned for itself has no such plan.
select count(*) as planned_once from origin_rows where id > 5;
-- One in PL/pgSQL has.
set elile_optimize.track = 'all';
do $$
begin
    for i in 1..3 loop
        perform count(*) from origin_rows where id < i;
    end loop;
end $$;
reset elile_optimize.track;
reset plan_cache_mode;
with figures as (
    select *, current_setting('server_version_num')::int >= 190000 as is_known from elile_optimize.statements
    where dbid = (select oid from pg_database where datname = current_database())),
expected(part, generic, custom) as (
    values ('id = $1', 2, 1), ('quotients', 1, 1), ('planned_once', 0, 0), ('id < i', 3, 0))
select query, toplevel, calls, failed_calls,
    generic_plan_calls is not distinct from case when is_known then generic end as generic_is_right,
    custom_plan_calls is not distinct from case when is_known then custom end as custom_is_right
from figures join expected on strpos(query, part) > 0
where operation = 'select' and query !~ 'elile_optimize' order by query collate "C";
-- They end the view, and are never more than the calls.
select attname from pg_attribute where attrelid = 'elile_optimize.statements'::regclass and attnum > 0 order by attnum desc limit 4;
select count(*) as with_more from elile_optimize.statements where generic_plan_calls + custom_plan_calls > calls;
drop table origin_rows;

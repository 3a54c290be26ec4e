-- Without query identifiers executions still count, but statements cannot be told apart.
create table item (id int);
create table other_item (id int);
set compute_query_id = off;
select elile_optimize.reset();
insert into item values (1), (2);
insert into item values (3);
insert into item values (1 / 0);
insert into other_item values (1);
select * from item;
select count(*) from item join other_item using (id);
select count(*) from other_item join item using (id);
update item set id = 4 where id = 3;
delete from other_item;
explain (analyze, costs off, timing off, summary off) select 1;
do $$ begin perform 1 / 0; end $$;
create table one_more as select * from item;
select schema_name, table_name, operation, calls, failed_calls, rows
from elile_optimize.table_operations
where datname = current_database() and table_name is not null
order by schema_name collate "C", table_name collate "C", operation;
-- The reset, the look at table_operations and this are among them.
select total_queries, failed_queries from elile_optimize.summary;
select count(*) from elile_optimize.statements;
select query_ids from elile_optimize.info;

-- Slow ones are still kept, without their text.
select elile_optimize.reset();
set elile_optimize.slow_query_threshold = 0;
insert into item values (5);
reset elile_optimize.slow_query_threshold;
select queryid, operation, table_name, rows, query from elile_optimize.slow_queries
where operation = 'insert';

-- auto means on once the extension is loaded.
reset compute_query_id;
select query_ids from elile_optimize.info;
select elile_optimize.reset();
select 1 as identified;
select calls, query from elile_optimize.statements
where query ~ 'identified' and query !~ 'elile_optimize';

drop table item, other_item, one_more;

-- Bad input is an error that says what is wrong, and loses nothing.
create extension if not exists elile_optimize;
select elile_optimize.reset();
select elile_optimize.percentile(1, 0);
select elile_optimize.percentile(1, 1.5);
select elile_optimize.percentile(1, 'NaN');
select elile_optimize.percentile(1, 0.5) is null as unknown_is_null;
select elile_optimize.record_db_query('drop', 'orders', 0.1);
select elile_optimize.record_db_query('select', '', 0.1);
select elile_optimize.record_db_query('select', 'a.', 0.1);
select elile_optimize.record_db_query('select', repeat('x', 64), 0.1);
select elile_optimize.record_db_query('select', 'orders', -1);
select elile_optimize.record_db_query('select', 'orders', 'NaN');
select elile_optimize.record_db_query('select', 'orders', 'Infinity');
select elile_optimize.record_db_query('SELECT', 'orders', 0.25);
select elile_optimize.record_db_query('insert', 'shop.orders', 0);
select schema_name, table_name, operation, calls, slow_calls, max_time
from elile_optimize.table_operations where table_name = 'orders' order by 1;
select elile_optimize.reset(1, 2, 3);
set elile_optimize.track = 'some';
\set VERBOSITY sqlstate
set elile_optimize.slow_query_threshold = -3;
\set VERBOSITY default
set elile_optimize.max_statements = 5;
set elile_optimize.no_such_setting = 1;


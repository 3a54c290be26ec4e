-- All that a monitor and a person look at.
select count(*) from elile_optimize.summary;
select count(query) from elile_optimize.statements;
select count(*) from elile_optimize.table_operations;
select count(plan), count(parameters) from elile_optimize.slow_queries;
select count(suggestion) from elile_optimize.n_plus_one;
select * from elile_optimize.info;
select count(*) from elile_optimize.pool_statistics;
select count(explanation) from elile_optimize.pool_advice;
select count(*) from elile_optimize.index_builds;
select count(*) from elile_optimize.index_status;
select count(*) from elile_optimize.redundant_indexes;
select count(elile_optimize.percentile(queryid, 0.95)) from elile_optimize.statements;
select count(elile_optimize.percentiles(queryid, array[0.5, 0.999])) from elile_optimize.statements where calls > 3;
select elile_optimize.set_active_connections((random() * 10)::int);
select elile_optimize.set_connection_pool_size((random() * 10)::int);
select elile_optimize.record_db_query('select', 'recorded', random());

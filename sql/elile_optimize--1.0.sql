-- The objects of elile_optimize 1.0. Times are milliseconds unless a name says otherwise.
\echo Use "CREATE EXTENSION elile_optimize" to load this file. \quit

-- Before anything else is looked up in the schema, which may have been there before.
create function require_safe_schema()
returns void language c volatile strict parallel unsafe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_require_safe_schema';
comment on function require_safe_schema() is 'Only while the script runs: refuses a schema in which somebody who is no superuser has a say.';
select @extschema@.require_safe_schema();
drop function require_safe_schema();

create function require_library(version text)
returns void language c volatile strict parallel safe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_require_library';
comment on function require_library(text) is
'For the extension''s scripts, which call it before they make anything: an error, with what to do, when the server has loaded an older library than this version. Error: object_not_in_prerequisite_state.';
revoke all on function require_library(text) from public;

create function _summary_rows(
    out total_queries bigint,
    out slow_queries bigint,
    out slow_query_rate double precision,
    out failed_queries bigint,
    out avg_duration_ms double precision,
    out max_duration_ms double precision,
    out p50_duration_ms double precision,
    out p95_duration_ms double precision,
    out p99_duration_ms double precision,
    out threshold_ms double precision,
    out stats_since timestamptz)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_summary';
comment on function _summary_rows() is 'The rows of summary, which is the view to read.';
create view summary as select * from _summary_rows();
comment on view summary is
'One row: the statements at top level that the current database executed since stats_since. Failed executions are part of every figure; an idle database shows zeros.';
comment on column summary.total_queries is 'Executions in this database since stats_since, failed ones included.';
comment on column summary.slow_queries is 'Executions at or above the threshold of their session by what their client waited, failed ones included.';
comment on column summary.slow_query_rate is 'slow_queries / total_queries, from 0 to 1; 0 when there were no executions.';
comment on column summary.failed_queries is 'What clients asked for that ended in an error or was cancelled, each once: failed executions, which are among total_queries, and errors before an execution or at commit, which are not.';
comment on column summary.avg_duration_ms is 'The mean execution time in milliseconds.';
comment on column summary.max_duration_ms is 'The longest execution time in milliseconds.';
comment on column summary.p50_duration_ms is 'The time in milliseconds that 50 of 100 executions did not exceed; at most 1.1 % off.';
comment on column summary.p95_duration_ms is 'The time in milliseconds that 95 of 100 executions did not exceed; at most 1.1 % off.';
comment on column summary.p99_duration_ms is 'The time in milliseconds that 99 of 100 executions did not exceed; at most 1.1 % off.';
comment on column summary.threshold_ms is 'elile_optimize.slow_query_threshold of the reader''s session in milliseconds; -1 when no execution is slow.';
comment on column summary.stats_since is 'When the statistics began: the start of the server or the last reset().';

create function statements(
    showtext boolean,
    out userid oid,
    out dbid oid,
    out queryid bigint,
    out toplevel boolean,
    out query text,
    out operation text,
    out table_name text,
    out calls bigint,
    out failed_calls bigint,
    out slow_calls bigint,
    out rows bigint,
    out total_exec_time double precision,
    out min_exec_time double precision,
    out max_exec_time double precision,
    out mean_exec_time double precision,
    out stddev_exec_time double precision,
    out p50_exec_time double precision,
    out p95_exec_time double precision,
    out p99_exec_time double precision,
    out plans bigint,
    out total_plan_time double precision,
    out min_plan_time double precision,
    out max_plan_time double precision,
    out mean_plan_time double precision,
    out stddev_plan_time double precision,
    out shared_blks_hit bigint,
    out shared_blks_read bigint,
    out shared_blks_dirtied bigint,
    out shared_blks_written bigint,
    out local_blks_hit bigint,
    out local_blks_read bigint,
    out local_blks_dirtied bigint,
    out local_blks_written bigint,
    out temp_blks_read bigint,
    out temp_blks_written bigint,
    out shared_blk_read_time double precision,
    out shared_blk_write_time double precision,
    out local_blk_read_time double precision,
    out local_blk_write_time double precision,
    out temp_blk_read_time double precision,
    out temp_blk_write_time double precision,
    out wal_records bigint,
    out wal_fpi bigint,
    out wal_bytes numeric,
    out wal_buffers_full bigint,
    out jit_functions bigint,
    out jit_generation_time double precision,
    out jit_inlining_count bigint,
    out jit_inlining_time double precision,
    out jit_optimization_count bigint,
    out jit_optimization_time double precision,
    out jit_emission_count bigint,
    out jit_emission_time double precision,
    out jit_deform_count bigint,
    out jit_deform_time double precision,
    out parallel_workers_to_launch bigint,
    out parallel_workers_launched bigint,
    out stats_since timestamptz,
    out plans_seen integer,
    out plan_changed_at timestamptz,
    out plan_regressed boolean,
    out estimated boolean,
    out generic_plan_calls bigint,
    out custom_plan_calls bigint,
    out origin text)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_statements';
comment on function statements(boolean) is
'The rows of the view statements. With false query is null, and no text is read or kept for the result.';
create view statements as select * from statements(true);
comment on view statements is
'One row per (userid, dbid, queryid, toplevel). calls counts executions that succeeded, failed_calls the others; times and percentiles are of both. Columns named as in pg_stat_statements mean what they mean there and are null where this server version has no such figure. Text and queryid of other roles need pg_read_all_stats.';
comment on column statements.userid is 'The OID of the role that executed the statement.';
comment on column statements.dbid is 'The OID of the database in which it was executed.';
comment on column statements.queryid is 'The identifier that the server computes for the statement; null when the reader may not see it.';
comment on column statements.toplevel is 'True for a statement that a client sent, false for one that ran inside another one.';
comment on column statements.query is 'The text, normalised: literals are $n, comments are left out, and 16 kB are kept at most. Null when there was no room for it, <insufficient privilege> when the reader may not see it.';
comment on column statements.operation is 'select, insert, update, delete, merge or utility.';
comment on column statements.table_name is 'The target of a write, or the first table in FROM order of a read; schema.name outside schema public. Null without a table.';
comment on column statements.calls is 'Executions that succeeded.';
comment on column statements.failed_calls is 'Executions that ended in an error or were cancelled.';
comment on column statements.slow_calls is 'Executions at or above the threshold of their session by what their client waited, failed ones included.';
comment on column statements.rows is 'Rows that the executions returned or changed.';
comment on column statements.total_exec_time is 'The time of all executions in milliseconds, failed ones included.';
comment on column statements.min_exec_time is 'The shortest execution time in milliseconds; 0 before the first execution.';
comment on column statements.max_exec_time is 'The longest execution time in milliseconds.';
comment on column statements.mean_exec_time is 'total_exec_time / (calls + failed_calls), in milliseconds.';
comment on column statements.stddev_exec_time is 'The standard deviation of the execution times in milliseconds.';
comment on column statements.p50_exec_time is 'The time in milliseconds that 50 of 100 executions did not exceed; at most 1.1 % off.';
comment on column statements.p95_exec_time is 'The time in milliseconds that 95 of 100 executions did not exceed; at most 1.1 % off.';
comment on column statements.p99_exec_time is 'The time in milliseconds that 99 of 100 executions did not exceed; at most 1.1 % off.';
comment on column statements.plans is 'How often the statement was planned while elile_optimize.track_planning was on.';
comment on column statements.total_plan_time is 'The time of all plannings in milliseconds.';
comment on column statements.min_plan_time is 'The shortest planning time in milliseconds; 0 before the first planning that was counted.';
comment on column statements.max_plan_time is 'The longest planning time in milliseconds.';
comment on column statements.mean_plan_time is 'The mean planning time in milliseconds.';
comment on column statements.stddev_plan_time is 'The standard deviation of the planning times in milliseconds.';
comment on column statements.shared_blks_hit is 'Shared blocks that were found in the cache.';
comment on column statements.shared_blks_read is 'Shared blocks that were read.';
comment on column statements.shared_blks_dirtied is 'Shared blocks that were changed first by the statement.';
comment on column statements.shared_blks_written is 'Shared blocks that were written by the statement.';
comment on column statements.local_blks_hit is 'Blocks of temporary tables and their indexes that were found in the cache.';
comment on column statements.local_blks_read is 'Blocks of temporary tables and their indexes that were read.';
comment on column statements.local_blks_dirtied is 'Blocks of temporary tables and their indexes that were changed.';
comment on column statements.local_blks_written is 'Blocks of temporary tables and their indexes that were written.';
comment on column statements.temp_blks_read is 'Blocks of temporary files, of sorts and hashes for instance, that were read.';
comment on column statements.temp_blks_written is 'Blocks of temporary files, of sorts and hashes for instance, that were written.';
comment on column statements.shared_blk_read_time is 'The time of reading shared blocks in milliseconds, 0 while track_io_timing is off. Before PostgreSQL 17 local blocks are in it.';
comment on column statements.shared_blk_write_time is 'The time of writing shared blocks in milliseconds, 0 while track_io_timing is off. Before PostgreSQL 17 local blocks are in it.';
comment on column statements.local_blk_read_time is 'The time of reading local blocks in milliseconds, 0 while track_io_timing is off. Null before PostgreSQL 17.';
comment on column statements.local_blk_write_time is 'The time of writing local blocks in milliseconds, 0 while track_io_timing is off. Null before PostgreSQL 17.';
comment on column statements.temp_blk_read_time is 'The time of reading blocks of temporary files in milliseconds, 0 while track_io_timing is off.';
comment on column statements.temp_blk_write_time is 'The time of writing blocks of temporary files in milliseconds, 0 while track_io_timing is off.';
comment on column statements.wal_records is 'WAL records that the statement made.';
comment on column statements.wal_fpi is 'Full page images that the statement added to the WAL.';
comment on column statements.wal_bytes is 'WAL that the statement made, in bytes.';
comment on column statements.wal_buffers_full is 'How often the WAL buffers were full and had to be written out. Null before PostgreSQL 18.';
comment on column statements.jit_functions is 'Functions that were compiled by JIT.';
comment on column statements.jit_generation_time is 'The time of generating JIT code in milliseconds.';
comment on column statements.jit_inlining_count is 'How often functions were inlined by JIT.';
comment on column statements.jit_inlining_time is 'The time of inlining functions by JIT in milliseconds.';
comment on column statements.jit_optimization_count is 'How often the statement was optimised by JIT.';
comment on column statements.jit_optimization_time is 'The time of optimising by JIT in milliseconds.';
comment on column statements.jit_emission_count is 'How often code was emitted by JIT.';
comment on column statements.jit_emission_time is 'The time of emitting code by JIT in milliseconds.';
comment on column statements.jit_deform_count is 'How often functions that take rows apart were compiled by JIT. Null before PostgreSQL 17.';
comment on column statements.jit_deform_time is 'The time of compiling functions that take rows apart, by JIT, in milliseconds. Null before PostgreSQL 17.';
comment on column statements.parallel_workers_to_launch is 'Parallel workers that were planned to be launched. Null before PostgreSQL 18.';
comment on column statements.parallel_workers_launched is 'Parallel workers that were launched. Null before PostgreSQL 18.';
comment on column statements.stats_since is 'When the counting of this statement began.';
comment on column statements.plans_seen is 'Different plans among its slow executions while elile_optimize.log_query_plan is on.';
comment on column statements.plan_changed_at is 'When a slow execution last had another plan than the one before it; null when none ever had.';
comment on column statements.plan_regressed is 'True while slow executions take at least twice as long on average as they did before plan_changed_at.';
comment on column statements.estimated is 'True when executions were counted with elile_optimize.sample_rate below 1. Each of them stands for 1/sample_rate, so sums are right on average; slow and failed ones are exact.';
comment on column statements.generic_plan_calls is 'Calls that ran a cached generic plan, which suits any parameters. Null before PostgreSQL 19.';
comment on column statements.custom_plan_calls is 'Calls of a prepared or cached statement that ran a plan made for the parameters of that call. Null before PostgreSQL 19.';
comment on column statements.origin is 'own for a statement that uses a view or function of this extension, catalogue for one that reads relations of the system catalogue; application for all others. Neither of the two uses any other relation.';

create function _table_operations_rows(
    out datname text,
    out schema_name text,
    out table_name text,
    out operation text,
    out calls bigint,
    out failed_calls bigint,
    out slow_calls bigint,
    out rows bigint,
    out total_time double precision,
    out mean_time double precision,
    out max_time double precision,
    out p50_time double precision,
    out p95_time double precision,
    out p99_time double precision,
    out toplevel boolean)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_table_operations';
comment on function _table_operations_rows() is 'The rows of table_operations, which is the view to read.';
create view table_operations as select * from _table_operations_rows() order by total_time desc;
comment on view table_operations is
'One row per (database, schema, table, operation, toplevel): all executions since the last reset, those of evicted statements and of record_db_query() included. The time of what is nested is also in that of the statement at top level that it ran in. schema_name and table_name are null for statements without a table; (other) stands for tables beyond max_tables.';
comment on column table_operations.datname is 'The database. Null once it has been dropped, and for (other).';
comment on column table_operations.schema_name is 'The schema of the table, empty for (other); null for statements without a table.';
comment on column table_operations.table_name is 'The table, which for a partition is its topmost parent, or (other) for those beyond elile_optimize.max_tables; null for statements without a table.';
comment on column table_operations.operation is 'select, insert, update, delete, merge or utility.';
comment on column table_operations.calls is 'Executions that succeeded.';
comment on column table_operations.failed_calls is 'Executions that ended in an error or were cancelled; their time is in the times.';
comment on column table_operations.slow_calls is 'Executions at or above the threshold of their session by what their client waited, failed ones included.';
comment on column table_operations.rows is 'Rows that the executions returned or changed.';
comment on column table_operations.total_time is 'The time of all executions in milliseconds, failed ones included.';
comment on column table_operations.mean_time is 'The mean execution time in milliseconds.';
comment on column table_operations.max_time is 'The longest execution time in milliseconds.';
comment on column table_operations.p50_time is 'The time in milliseconds that 50 of 100 executions did not exceed; at most 1.1 % off.';
comment on column table_operations.p95_time is 'The time in milliseconds that 95 of 100 executions did not exceed; at most 1.1 % off.';
comment on column table_operations.p99_time is 'The time in milliseconds that 99 of 100 executions did not exceed; at most 1.1 % off.';
comment on column table_operations.toplevel is 'True for statements that clients sent, false for those that ran inside one, as with elile_optimize.track = all.';

create function _slow_queries_rows(
    out id bigint,
    out started_at timestamptz,
    out duration_ms double precision,
    out threshold_ms double precision,
    out datname text,
    out username text,
    out application_name text,
    out client_addr inet,
    out pid integer,
    out queryid bigint,
    out toplevel boolean,
    out operation text,
    out table_name text,
    out rows bigint,
    out sqlstate text,
    out query text,
    out parameters text,
    out plan text,
    out plan_id bigint,
    out elapsed_ms double precision,
    out plan_ms double precision,
    out wait_before_ms double precision,
    out slow_by text)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_slow_queries';
comment on function _slow_queries_rows() is 'The rows of slow_queries, which is the view to read.';
create view slow_queries as select * from _slow_queries_rows();
comment on view slow_queries is
'The last elile_optimize.slow_query_ring executions at or above their threshold, newest first. Text, plan, parameters, queryid, application_name and client_addr of other roles need pg_read_all_stats.';
comment on column slow_queries.id is 'The number of the slow execution since the server started; later ones have greater numbers.';
comment on column slow_queries.started_at is 'When the execution began.';
comment on column slow_queries.duration_ms is 'The execution time in milliseconds; 0 when the statement failed before it ran.';
comment on column slow_queries.threshold_ms is 'elile_optimize.slow_query_threshold of its session in milliseconds.';
comment on column slow_queries.datname is 'The database; null once it has been dropped.';
comment on column slow_queries.username is 'The role that executed the statement; null once it has been dropped.';
comment on column slow_queries.application_name is 'application_name of its session; null when the reader may not see it.';
comment on column slow_queries.client_addr is 'The address of the client. Null for a Unix socket, and when the reader may not see it.';
comment on column slow_queries.pid is 'The process of its session.';
comment on column slow_queries.queryid is 'The identifier that the server computes for the statement. Null when it computed none, and when the reader may not see it.';
comment on column slow_queries.toplevel is 'True for a statement that a client sent, false for one that ran inside another one.';
comment on column slow_queries.operation is 'select, insert, update, delete, merge or utility. Null when the statement failed before that was known.';
comment on column slow_queries.table_name is 'The target of a write, or the first table in FROM order of a read; schema.name outside schema public. Null without a table.';
comment on column slow_queries.rows is 'Rows that the execution returned or changed.';
comment on column slow_queries.sqlstate is 'The error with which it failed, as an SQLSTATE; null when it succeeded.';
comment on column slow_queries.query is 'The text, normalised: it has no literal and no parameter. Null when there was no room for it, <insufficient privilege> when the reader may not see it.';
comment on column slow_queries.parameters is 'Values of the $n in query: parameters with their types, literals as they were written. Null unless elile_optimize.log_parameters is on, for a utility statement, and when the reader may not see them.';
comment on column slow_queries.plan is 'EXPLAIN of the plan that ran, with literals as $n unless elile_optimize.log_parameters is on; executions with the same plan share the first one''s text. Null unless elile_optimize.log_query_plan is on, for a utility statement, and when the reader may not see it. The plan of a failed statement follows a moment later than its row, without what log_extension_options adds.';
comment on column slow_queries.plan_id is 'The identifier that another extension has given the plan, from PostgreSQL 18 on; else one of the plan''s shape, which is its nodes, tables and indexes without costs and values. Null without a plan, and when the reader may not see it.';
comment on column slow_queries.elapsed_ms is 'What the client waited, in milliseconds: from when the server read the message, or ended the statement before in the same string, to the end of execution, without pauses of the client. Null for what ran inside another statement, and outside of client sessions.';
comment on column slow_queries.plan_ms is 'The planner''s part of elapsed_ms in milliseconds; 0 where a plan was kept. Null where elapsed_ms is.';
comment on column slow_queries.wait_before_ms is 'elapsed_ms less duration_ms, in milliseconds: parse analysis, waits for locks in it, planning and the executor''s start. Null where elapsed_ms is.';
comment on column slow_queries.slow_by is 'before where duration_ms alone is below the threshold, else execution.';

create function _failures_rows(
    out datname text,
    out username text,
    out application_name text,
    out phase text,
    out sqlstate text,
    out condition text,
    out queryid bigint,
    out table_name text,
    out count bigint,
    out first_seen timestamptz,
    out last_seen timestamptz,
    out message text,
    out error_schema text,
    out error_table text,
    out error_column text,
    out error_constraint text)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_failures';
comment on function _failures_rows() is 'The rows of failures, which is the view to read.';
create view failures as select * from _failures_rows() order by last_seen desc;
comment on view failures is
'One row per kind of error that ended what a client asked for, the last one first, since the server started or reset(): before, in and after execution, and in connecting. Errors that a handler caught are in none. application_name, queryid and names that an error carries need pg_read_all_stats where they are another role''s, and so do all names of failures to connect.';
comment on column failures.datname is 'The database. Null once it has been dropped; for a failure to connect as the client gave it, null when the reader may not see it.';
comment on column failures.username is 'The role of the session. Null once it has been dropped; for a failure to connect as the client gave it, null when the reader may not see it.';
comment on column failures.application_name is 'application_name of its session; null when the reader may not see it.';
comment on column failures.phase is 'Where the error was raised: connect, parse (parse analysis too), bind, plan, execute, utility, commit (after the statement had succeeded) or unknown (between statements).';
comment on column failures.sqlstate is 'The error''s SQLSTATE.';
comment on column failures.condition is 'The name of that condition, as PL/pgSQL knows it; null for one that is not the server''s.';
comment on column failures.queryid is 'The identifier of the statement that the client sent. Null when it was not parsed or has none, and when the reader may not see it.';
comment on column failures.table_name is 'The statement''s table, as in statements; schema.name outside schema public. Null without one, and when it is not known.';
comment on column failures.count is 'How often it happened.';
comment on column failures.first_seen is 'When it happened first.';
comment on column failures.last_seen is 'When it happened last.';
comment on column failures.message is 'The message as it stands in the program, with %s and the like in the place of values. The name of the condition where the message was made up as it was raised, as by RAISE or in a parallel worker; null where there is neither.';
comment on column failures.error_schema is 'The schema that the last one of these errors names. Null when it names none, when its message was made up as it was raised, and when the reader may not see it.';
comment on column failures.error_table is 'The table that the last one of these errors names; null as error_schema is.';
comment on column failures.error_column is 'The column that the last one of these errors names; null as error_schema is.';
comment on column failures.error_constraint is 'The constraint, or unique index, that the last one of these errors names; null as error_schema is.';

create function _n_plus_one_rows(
    out datname text,
    out username text,
    out application_name text,
    out parent_queryid bigint,
    out child_queryid bigint,
    out parent_query text,
    out child_query text,
    out table_name text,
    out occurrences bigint,
    out runs_per_occurrence double precision,
    out total_time double precision,
    out round_trips_saved bigint,
    out suggestion text,
    out last_seen timestamptz,
    out max_runs bigint,
    out evidence text,
    out cost_before double precision,
    out cost_after double precision,
    out first_seen timestamptz)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_n_plus_one';
comment on function _n_plus_one_rows() is 'The rows of n_plus_one, which is the view to read.';
create view n_plus_one as select * from _n_plus_one_rows() order by round_trips_saved desc;
comment on view n_plus_one is
'One row per pattern that a session found: a SELECT that returned rows, then another one that ran for many of them, one by one. The last 1,024 patterns by database, role, application, parent and child. Texts, queryids, application_name and suggestion of other roles need pg_read_all_stats.';
comment on column n_plus_one.datname is 'The database; null once it has been dropped.';
comment on column n_plus_one.username is 'The role whose session found the pattern; null once it has been dropped.';
comment on column n_plus_one.application_name is 'application_name of the session, (other) beyond 64 names; null when the reader may not see it.';
comment on column n_plus_one.parent_queryid is 'queryid of the SELECT that returned the rows; null when the reader may not see it.';
comment on column n_plus_one.child_queryid is 'queryid of the statement that ran for many of them; null when the reader may not see it.';
comment on column n_plus_one.parent_query is 'The parent''s text, normalised: it has no literal and no parameter. Null when there was no room for it, <insufficient privilege> when the reader may not see it.';
comment on column n_plus_one.child_query is 'The child''s text, normalised likewise. Null when there was no room for it, <insufficient privilege> when the reader may not see it.';
comment on column n_plus_one.table_name is 'The first table in FROM order of the child; schema.name outside schema public.';
comment on column n_plus_one.occurrences is 'How often a session went through such a loop, one that is under way included.';
comment on column n_plus_one.runs_per_occurrence is 'Executions of the child in one occurrence, on average.';
comment on column n_plus_one.total_time is 'The time of the child''s executions in milliseconds, without the round trips.';
comment on column n_plus_one.round_trips_saved is 'Round trips that one statement for all rows would have saved in all occurrences.';
comment on column n_plus_one.suggestion is 'What to send instead. Null until it is made, and when the reader may not see it.';
comment on column n_plus_one.last_seen is 'When the child was last executed.';
comment on column n_plus_one.max_runs is 'Executions of the child in the occurrence that had the most.';
comment on column n_plus_one.evidence is 'planned: both forms were planned as the statement''s own user, and never executed; or not verified. Null when the reader may not see it.';
comment on column n_plus_one.cost_before is 'The cost, in the planner''s units, of the child once for each row that its parent had when the pattern was first seen; null unless it was planned.';
comment on column n_plus_one.cost_after is 'The cost, in the planner''s units, of the suggested statement for as many keys; null unless it was planned.';
comment on column n_plus_one.first_seen is 'When the pattern was first seen.';

create function _info_row(
    out version text,
    out entries bigint,
    out max_entries bigint,
    out evictions bigint,
    out dropped bigint,
    out shared_memory_bytes bigint,
    out state text,
    out query_ids text,
    out text_bytes bigint,
    out max_text_bytes bigint,
    out texts_cut bigint,
    out texts_dropped bigint,
    out buckets_dropped bigint,
    out tables_overflow bigint,
    out slow_dropped bigint,
    out repaired_slots bigint,
    out not_ready bigint,
    out stripes_dropped bigint,
    out overhead_per_statement_ns double precision,
    out overhead_share double precision,
    out log_suppressed bigint,
    out plan_bytes bigint,
    out max_plan_bytes bigint,
    out plans_dropped bigint,
    out plans_lost bigint,
    out parameters_lost bigint,
    out exporter_state text,
    out exporter_address text,
    out pool_reports_dropped bigint,
    out databases_overflow bigint,
    out pools_put_aside bigint,
    out ended_sessions_dropped bigint,
    out connections_refused bigint,
    out n_plus_one_dropped bigint,
    out applications_overflow bigint,
    out suggestions_dropped bigint,
    out suggestions_given_up bigint,
    out plans_lost_by_reason jsonb,
    out logins_denied bigint,
    out logins_refused bigint,
    out exporter_starts bigint,
    out sessions_unread bigint,
    out failures_overflow bigint,
    out connect_failures_overflow bigint,
    out failures_seen text,
    out last_saved_at timestamptz,
    out saved_bytes bigint,
    out restored_from text,
    out save_failures bigint,
    out restore_left_out bigint,
    out restore_damaged bigint)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_info';
comment on function _info_row() is 'The row of info, which is the view to read.';
create view info as select * from _info_row();
comment on view info is
'One row: the state of the extension, and every limit that was hit.';
comment on column info.version is 'The version of the library that the server has loaded.';
comment on column info.entries is 'Statements that are kept now, each once for each of its tables, with those that statements does not show.';
comment on column info.max_entries is 'Statements that can be kept: elile_optimize.max_statements.';
comment on column info.evictions is 'Statements that made room for newer ones; their sums stay in table_operations.';
comment on column info.dropped is 'Executions that were counted for their table only, because no entry could be had.';
comment on column info.shared_memory_bytes is 'Shared memory that the extension takes, in bytes.';
comment on column info.state is 'ready, or what it waits for or lacks.';
comment on column info.query_ids is 'Whether the server computes query identifiers for the reader''s session.';
comment on column info.text_bytes is 'Shared memory that query texts take now, in bytes.';
comment on column info.max_text_bytes is 'Shared memory that query texts can take, in bytes: elile_optimize.query_text_memory.';
comment on column info.texts_cut is 'Texts of which only the first 16 kB were kept.';
comment on column info.texts_dropped is 'Statements without a text: raise elile_optimize.query_text_memory.';
comment on column info.buckets_dropped is 'Executions that percentiles lack: raise elile_optimize.max_statements.';
comment on column info.tables_overflow is 'Statements that were counted under (other): raise elile_optimize.max_tables.';
comment on column info.slow_dropped is 'Slow executions that were not kept because their slot was being written.';
comment on column info.repaired_slots is 'Slots that were found half-written after a crash.';
comment on column info.not_ready is 'Executions that were not counted between a crash and the end of repair.';
comment on column info.stripes_dropped is 'Times that a statement on which processors meet found no stripe to spread over: raise elile_optimize.max_statements.';
comment on column info.overhead_per_statement_ns is 'Nanoseconds of a processor that capturing an execution takes here: the mean of one in 1,024 since the server started, without those that were interrupted; null before the first was measured.';
comment on column info.overhead_share is 'That mean for each execution, as a part of the time that statements ran at top level, from 0 to 1. They may have waited in that time, for a processor too. Null before the first was measured.';
comment on column info.log_suppressed is 'Log entries on slow statements that were left out: raise elile_optimize.log_rate_limit.';
comment on column info.plan_bytes is 'Shared memory that plans and parameters of slow statements take now, in bytes.';
comment on column info.max_plan_bytes is 'Shared memory that plans and parameters can take, in bytes: elile_optimize.plan_memory.';
comment on column info.plans_dropped is 'Plans and parameters that were not kept for want of memory: raise elile_optimize.plan_memory.';
comment on column info.plans_lost is 'Plans of slow executions that could not be written down; plans_lost_by_reason says why.';
comment on column info.parameters_lost is 'Parameters that could not be written down: a type''s output function raised an error, they could not be copied in an error, no worker could be had, or the statement ran in parallel mode.';
comment on column info.exporter_state is 'off, starting, listening, restarting, or why it cannot listen.';
comment on column info.exporter_address is 'Where metrics are served; null while they are not.';
comment on column info.pool_reports_dropped is 'Figures of set_active_connections() and set_connection_pool_size() that found no place, because 256 applications report within an hour.';
comment on column info.databases_overflow is 'Sessions whose database found no place among the 32 that metrics tell apart.';
comment on column info.pools_put_aside is 'Sessions, and pools without one, that pool_statistics sums as other, because it has 256 rows of their own.';
comment on column info.ended_sessions_dropped is 'Sessions that ended while 1,024 others had yet to be counted; connections_opened may lack them.';
comment on column info.connections_refused is 'Connections that the server refused because there were too many, for a role, a database or at all; pool_advice tells the last 64 (database, user, application_name) apart.';
comment on column info.n_plus_one_dropped is 'Occurrences of N+1 patterns beyond the 1,024 that n_plus_one keeps: reset() makes room, and so does a pattern that was not seen for a day.';
comment on column info.applications_overflow is 'Times that an application with an N+1 pattern was counted under (other), because 64 names are told apart.';
comment on column info.suggestions_dropped is 'Suggestions that were not kept for want of memory, 1 MB in all: reset() makes room.';
comment on column info.suggestions_given_up is 'N+1 patterns without a suggestion after 16 tries, because a table was locked, planning took too long or there was no memory: reset() lets them be tried again.';
comment on column info.plans_lost_by_reason is 'plans_lost by those reasons that occurred: invisible_table (not committed within 10 s), transition_table, locked_table (for 10 s), dropped_table, no_worker (none could be had for 10 s: raise max_worker_processes), no_room (256 others, or 8 MB, waited), too_large (2,000 nodes or 1 MB), foreign_node (of a foreign table or an extension), unsafe (the error left no room to copy it, a rollback closed the cursor, or parallel mode), error (while it was written down).';
comment on column info.logins_denied is 'Requests for metrics with a wrong user or password.';
comment on column info.logins_refused is 'Requests for metrics whose password was not checked in time, because there were too many.';
comment on column info.exporter_starts is 'Times that the exporter was started; more than one means that it ended or that the keeper did.';
comment on column info.sessions_unread is 'Times that a session could not be looked at, because it was writing its state for more than 2 ms.';
comment on column info.failures_overflow is 'Failures that failures lacks, because 1,024 others were seen within a day.';
comment on column info.connect_failures_overflow is 'Failures to connect that failures lacks, because 64 others were seen within ten minutes.';
comment on column info.failures_seen is 'all, or which failures alone are counted, because log_min_messages of the reader''s session hides errors from the server log.';
comment on column info.last_saved_at is 'All that was counted until then is saved; null when nothing is yet.';
comment on column info.saved_bytes is 'What the saved files take, in bytes.';
comment on column info.restored_from is 'From where statistics came when the server started: clean (a clean stop), crash (the last save before it ended otherwise), or none and why.';
comment on column info.save_failures is 'Times that statistics could not be saved; the server log says why.';
comment on column info.restore_left_out is 'Statements that found no room when the server started, and are in table_operations alone: raise elile_optimize.max_statements.';
comment on column info.restore_damaged is 'Parts of what was saved that could not be read when the server started.';

create function percentile(queryid bigint, fraction double precision)
returns double precision language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_percentile';
comment on function percentile(bigint, double precision) is
'The execution time in ms that this share of the executions of a statement did not exceed, at most 1.1 % off. fraction is above 0 and up to 1, else numeric_value_out_of_range. Null when the statement is unknown or not the caller''s to see.';

create function percentiles(queryid bigint, fractions double precision[])
returns double precision[] language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_percentiles';
comment on function percentiles(bigint, double precision[]) is
'As percentile(), for several fractions of the same executions at once. The result has the shape of fractions, and null where a fraction is null. Null when the statement is unknown or not the caller''s to see.';

create function reset()
returns void language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_reset_all';
comment on function reset() is 'Forgets all statistics, slow queries and N+1 patterns, of all databases.';

create function reset(userid oid, dbid oid, queryid bigint)
returns void language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_reset';
comment on function reset(oid, oid, bigint) is
'Forgets the statistics, slow queries and N+1 patterns that match; 0 matches all. What evicted statements left goes only where userid and queryid are 0.';

create function record_db_query(operation text, table_name text, duration_seconds double precision)
returns void language c volatile strict parallel restricted
as 'MODULE_PATHNAME', 'elile_record_db_query';
comment on function record_db_query(text, text, double precision) is
'Counts a query that the application timed itself in table_operations and summary. operation is one of select, insert, update, delete, merge, utility; table_name a name or schema.name of at most 63 bytes a part; duration_seconds from 0 to 1e9. Errors: invalid_parameter_value, name_too_long, invalid_name, numeric_value_out_of_range.';

create function set_active_connections(count integer)
returns void language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_set_active_connections';
comment on function set_active_connections(integer) is
'Says how many connections the application has checked out of its own pool; kept for an hour, by database and application_name. Errors: numeric_value_out_of_range below 0.';

create function set_connection_pool_size(count integer)
returns void language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_set_connection_pool_size';
comment on function set_connection_pool_size(integer) is
'Says how large the application''s own pool is; kept for an hour, by database and application_name. Errors: numeric_value_out_of_range below 0.';

create function set_clients_waiting(
    count integer,
    application_name text default pg_catalog.current_setting('application_name'))
returns void language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_set_clients_waiting';
comment on function set_clients_waiting(integer, text) is
'Says how many clients wait for a connection of an application''s pool in this database, for instance cl_waiting of PgBouncer''s SHOW POOLS; kept for a minute. application_name is as pool_statistics shows it. Errors: numeric_value_out_of_range below 0.';

create function _pool_statistics_rows(
    out datname text,
    out username text,
    out application_name text,
    out pool_size bigint,
    out checked_out bigint,
    out checked_in bigint,
    out overflow bigint,
    out invalid bigint,
    out peak_checked_out bigint,
    out connections_opened bigint,
    out oldest_connection_age interval,
    out reported_pool_size bigint,
    out reported_active_connections bigint)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_pool_statistics';
comment on function _pool_statistics_rows() is 'The rows of pool_statistics, which is the view to read.';
create view pool_statistics as select * from _pool_statistics_rows() order by pool_size desc, peak_checked_out desc;
comment on view pool_statistics is
'One row per (database, user, application_name) of client sessions, as they are now; what has grown over time is at most a second old. Pools without a session are remembered for a day. What finds no place among 256 is summed as application other, without database and user. A session with track_activities off counts as checked in.';
comment on column pool_statistics.datname is 'The database of the sessions; null in the row of the others.';
comment on column pool_statistics.username is 'The role of the sessions. Null for what an application reported that has no session, and in the row of the others.';
comment on column pool_statistics.application_name is 'application_name of the sessions; other for the row of the others.';
comment on column pool_statistics.pool_size is 'Sessions that there are now.';
comment on column pool_statistics.checked_out is 'Sessions that run a statement or are in a transaction.';
comment on column pool_statistics.checked_in is 'Idle sessions.';
comment on column pool_statistics.overflow is 'Sessions beyond reported_pool_size; where that is null, beyond the size of the preset that the role has in the database, or else of the environment''s.';
comment on column pool_statistics.invalid is 'Sessions in a transaction that failed, and those idle in one for more than a minute.';
comment on column pool_statistics.peak_checked_out is 'The most that were checked out at once, at ten looks a second, since the pool was first seen or reset().';
comment on column pool_statistics.connections_opened is 'Sessions that began since the pool was first seen or reset(). Each is counted once, under the application_name that it was seen with first.';
comment on column pool_statistics.oldest_connection_age is 'The time since the oldest of its sessions began; null without a session.';
comment on column pool_statistics.reported_pool_size is 'The last set_connection_pool_size() of the application in this database; null without one within the last hour.';
comment on column pool_statistics.reported_active_connections is 'The last set_active_connections() of the application in this database; null without one within the last hour.';

create function _pool_advice_rows(
    out datname text,
    out username text,
    out application_name text,
    out observed_concurrency double precision,
    out recommended_pool_size bigint,
    out recommended_max_overflow bigint,
    out finding text,
    out explanation text)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_pool_advice';
comment on function _pool_advice_rows() is 'The rows of pool_advice, which is the view to read.';
create view pool_advice as select * from _pool_advice_rows();
comment on view pool_advice is
'One row per pool of pool_statistics: the size that it needs, from what was seen of it at ten looks a second in its busiest ten minutes of the last day, and the one thing to say of it. Nothing is recommended before 300 looks at which it had a session. A row without names is about all pools together.';
comment on column pool_advice.datname is 'The database of the pool; null in the row about all pools together.';
comment on column pool_advice.username is 'The role of the pool; null in the row about all pools together.';
comment on column pool_advice.application_name is 'application_name of the pool''s sessions; null in the row about all pools together.';
comment on column pool_advice.observed_concurrency is 'Connections that were checked out on average while any was: checkouts a second times the seconds that one took. Null before enough was seen.';
comment on column pool_advice.recommended_pool_size is 'The connections that were enough at four looks in five, clients that wait included; null before enough was seen.';
comment on column pool_advice.recommended_max_overflow is 'The connections beyond the size that were enough at 99 of 100 looks, and a tenth to spare; null before enough was seen.';
comment on column pool_advice.finding is 'not enough seen; idle in transaction (for more than 5 s, a tenth of the time in use or more, or for shorter, half of it or more, in a pool of the right size); churn without a pool (a connection a second or more is opened, and lives less than 10 s); too small, right-sized or too large: below, within or above a quarter of the recommended size; above max_connections.';
comment on column pool_advice.explanation is 'The figures behind the finding, in words.';

create function _pool_presets_rows(
    out environment text,
    out pool_size integer,
    out max_overflow integer,
    out pool_pre_ping boolean,
    out pool_recycle_seconds integer,
    out pool_timeout_seconds integer,
    out statement_timeout_ms integer,
    out lock_timeout_ms integer,
    out echo boolean,
    out echo_pool boolean,
    out slow_query_threshold_ms integer,
    out log_query_plan boolean,
    out log_parameters boolean)
returns setof record language c immutable parallel safe
rows 3
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_pool_presets';
comment on function _pool_presets_rows() is 'The rows of pool_presets, which is the view to read.';
create view pool_presets as select * from _pool_presets_rows();
comment on view pool_presets is
'One row per environment: what its connection pools and sessions are like.';
comment on column pool_presets.environment is 'production, development or testing.';
comment on column pool_presets.pool_size is 'Connections that stay open.';
comment on column pool_presets.max_overflow is 'Connections beyond these while there is need.';
comment on column pool_presets.pool_pre_ping is 'Whether a connection is tried before it is handed out.';
comment on column pool_presets.pool_recycle_seconds is 'The age in seconds from which on a connection is replaced.';
comment on column pool_presets.pool_timeout_seconds is 'How long a client waits for a connection, in seconds.';
comment on column pool_presets.statement_timeout_ms is 'statement_timeout in milliseconds; 0 is none.';
comment on column pool_presets.lock_timeout_ms is 'lock_timeout in milliseconds; 0 is none.';
comment on column pool_presets.echo is 'Whether every statement is logged.';
comment on column pool_presets.echo_pool is 'Whether the pool logs what it does.';
comment on column pool_presets.slow_query_threshold_ms is 'What elile_optimize.environment gives elile_optimize.slow_query_threshold, in milliseconds.';
comment on column pool_presets.log_query_plan is 'What elile_optimize.environment gives elile_optimize.log_query_plan.';
comment on column pool_presets.log_parameters is 'What elile_optimize.environment gives elile_optimize.log_parameters.';

create function pool_config(
    environment text,
    pool_size integer default null,
    max_overflow integer default null,
    pool_recycle_seconds integer default null,
    pool_timeout_seconds integer default null,
    statement_timeout_ms integer default null,
    lock_timeout_ms integer default null,
    slow_query_threshold_ms integer default null)
returns pool_presets language c stable parallel safe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_pool_config';
comment on function pool_config(text, integer, integer, integer, integer, integer, integer, integer) is
'The row of pool_presets. Null numbers are the preset''s; ranges: pool_size 1 to 10000, max_overflow 0 to 10000, pool_recycle_seconds 1 to 604800, pool_timeout_seconds 1 to 600, timeouts 0 (none) to 86400000 ms, slow_query_threshold_ms -1 (none) to 86400000. Errors: invalid_parameter_value, numeric_value_out_of_range, null_value_not_allowed, configuration_limit_exceeded when the server has fewer connections.';

create function pool_config(
    environment text,
    client text,
    pool_size integer default null,
    max_overflow integer default null,
    pool_recycle_seconds integer default null,
    pool_timeout_seconds integer default null,
    statement_timeout_ms integer default null,
    lock_timeout_ms integer default null,
    slow_query_threshold_ms integer default null)
returns jsonb language c stable parallel safe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_pool_config_of_client';
comment on function pool_config(text, text, integer, integer, integer, integer, integer, integer, integer) is
'The preset as the arguments of a client''s pool, in its names and units: sqlalchemy (create_engine, s), hikaricp (HikariConfig, ms; maxLifetime at least 30 s), node-postgres (pg.Pool), pgx (pgxpool.Config, durations in ns), npgsql (connection string, s), django (an entry of DATABASES, s; a connection for each thread, so no size). Where a library knows one maximum only, it is pool_size + max_overflow. What it has no argument for is left out, and so is a timeout of 0. Numbers and errors as in pool_config(environment).';

create function preset_sql(
    environment text,
    role name,
    datname name,
    pool_size integer default null,
    max_overflow integer default null,
    pool_recycle_seconds integer default null,
    pool_timeout_seconds integer default null,
    statement_timeout_ms integer default null,
    lock_timeout_ms integer default null,
    slow_query_threshold_ms integer default null)
returns text language c stable parallel unsafe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_preset_sql';
comment on function preset_sql(text, name, name, integer, integer, integer, integer, integer, integer, integer) is
'The statements that apply_preset() with these arguments would run now, to read or to run by hand (\gexec). Errors: as apply_preset(), rights apart.';

create function apply_preset(
    environment text,
    role name,
    datname name,
    pool_size integer default null,
    max_overflow integer default null,
    pool_recycle_seconds integer default null,
    pool_timeout_seconds integer default null,
    statement_timeout_ms integer default null,
    lock_timeout_ms integer default null,
    slow_query_threshold_ms integer default null)
returns void language c volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_apply_preset';
comment on function apply_preset(text, name, name, integer, integer, integer, integer, integer, integer, integer) is
'Gives the role a connection limit of pool_size + max_overflow and, for its next sessions in the database, the preset''s timeouts, slow_query_threshold, log_query_plan and log_parameters, and log_min_duration_statement = 0 when it says echo. The limit holds in all databases together: a role shared by n processes, each with a pool of its own, needs n times the size, and a role has one preset. A null environment takes all of it away again. With the caller''s rights: CREATEROLE, and SET on the parameters. Null numbers are the preset''s; ranges: pool_size 1 to 10000, max_overflow 0 to 10000, pool_recycle_seconds 1 to 604800, pool_timeout_seconds 1 to 600, timeouts 0 (none) to 86400000 ms, slow_query_threshold_ms -1 (none) to 86400000. Errors: those of pool_config(), undefined_object, undefined_database, object_in_use for another preset of the role, object_not_in_prerequisite_state for a limit that no preset has set, insufficient_privilege.';

create function pgbouncer_config(
    environment text,
    datname name,
    pool_size integer default null,
    max_overflow integer default null,
    pool_recycle_seconds integer default null,
    pool_timeout_seconds integer default null,
    statement_timeout_ms integer default null,
    lock_timeout_ms integer default null,
    slow_query_threshold_ms integer default null)
returns text language c stable parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_pgbouncer_config';
comment on function pgbouncer_config(text, name, integer, integer, integer, integer, integer, integer, integer) is
'A pgbouncer.ini (1.18 or newer) for the preset and this server, as the session reached it. Who may log in is left to auth_type and what belongs to it. Errors: those of pool_config(), undefined_database, invalid_name for a database with a line break in its name.';

-- What build_indexes() was asked for, and how far each is. index_oid is what a builder has begun and
-- not finished: the builder notes it in the transaction that makes the index, so that after any end
-- of it, a crash or a failover, it is known which index is its own.
create table index_build_journal (
    id bigint generated always as identity primary key,
    name name not null,
    schema_name name not null,
    table_name name not null,
    table_oid oid not null,
    userid oid not null,
    state text not null default 'queued'
        check (state in ('queued', 'building', 'done', 'failed', 'cancelled')),
    cancel boolean not null default false,
    phase text,
    attempts integer not null default 0,
    index_oid oid not null default 0,
    not_before timestamptz not null default '-infinity',
    requested_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    error text,
    calls_before bigint,
    p95_before double precision,
    counts_then bigint[],
    stats_since timestamptz);
create unique index on index_build_journal (schema_name, name) where state in ('queued', 'building');
-- Default privileges may have given others a right, and whoever may write to it says as whom to build.
create function revoke_from_others(relation regclass)
returns void language c volatile strict parallel unsafe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_revoke_from_others';
comment on function revoke_from_others(regclass) is 'Only while the script runs: leaves a relation to its owner alone.';
select @extschema@.revoke_from_others('@extschema@.index_build_journal'),
    @extschema@.revoke_from_others('@extschema@.index_build_journal_id_seq');
drop function revoke_from_others(regclass);
comment on table index_build_journal is
'Background builds: read index_builds instead. The last 1,000 that ended are kept.';

create function _index_build_progress(
    out id bigint,
    out pid integer,
    out phase text,
    out percent double precision)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_index_build_progress';
comment on function _index_build_progress() is
'The builders at work in this database, with the server''s own progress of CREATE INDEX; id 0 while no background worker is free.';

create view index_builds as
select j.name, current_database() as datname, j.schema_name, j.table_name, j.state,
    case j.state
        when 'building' then coalesce(p.phase, j.phase)
        when 'queued' then coalesce(j.phase, (select w.phase from @extschema@._index_build_progress() w where w.id = 0))
    end as phase,
    p.percent, j.started_at, j.finished_at, j.error, p.pid, j.attempts, j.requested_at
from @extschema@.index_build_journal j left join @extschema@._index_build_progress() p using (id)
order by j.id desc;
comment on view index_builds is
'One row per background build of this database, newest first: those that are queued or at work, and the last 1,000 that ended.';
comment on column index_builds.name is 'The name of the index in the set.';
comment on column index_builds.datname is 'The current database, in which it is built.';
comment on column index_builds.schema_name is 'The schema of the table.';
comment on column index_builds.table_name is 'The table.';
comment on column index_builds.state is 'queued, building, done, failed (error says why) or cancelled. A build that was ended by something else is queued again.';
comment on column index_builds.phase is 'The phase as in pg_stat_progress_create_index, or what the build waits for; null once it ended.';
comment on column index_builds.percent is 'How far the phase is by the server''s own progress, from 0 to 100; null where that has no figure.';
comment on column index_builds.started_at is 'When the last attempt began; null before the first.';
comment on column index_builds.finished_at is 'When the build ended; null before that.';
comment on column index_builds.error is 'Why the last attempt ended; null when none failed.';
comment on column index_builds.pid is 'The builder''s process; null while there is none.';
comment on column index_builds.attempts is 'How often the build was begun: once, and elile_optimize.index_build_retries times more at most.';
comment on column index_builds.requested_at is 'When build_indexes() queued it.';

create function build_indexes(names text[] default null)
returns integer language c volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_build_indexes';
comment on function build_indexes(text[]) is
'Queues the missing indexes of the set, or those named, to be built by CREATE INDEX CONCURRENTLY in the background once the transaction commits; returns how many were queued. A missing index is built even when another one covers it. The caller must own the tables. Errors: undefined_object for an unknown name, undefined_table and undefined_column for what cannot be built, insufficient_privilege, read_only_sql_transaction, feature_not_supported in a transaction that is prepared.';

create function cancel_index_builds()
returns integer language c volatile strict parallel unsafe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_cancel_index_builds';
comment on function cancel_index_builds() is
'Cancels the queued and running builds of this database that the caller asked for or whose table the caller owns, once the transaction commits; returns how many. What a running build has made is removed in the background.';

create function _index_set_rows(
    out name text,
    out schema_name text,
    out table_name text,
    out definition text,
    out serves text)
returns setof record language c stable strict parallel safe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_index_set';
comment on function _index_set_rows() is 'The rows of index_set, which is the view to read.';
create view index_set as select * from _index_set_rows();
comment on view index_set is
'One row per index of the set, as it would be in schema elile_optimize.index_schema, whether it is there or not.';
comment on column index_set.name is 'The name of the index.';
comment on column index_set.schema_name is 'elile_optimize.index_schema of the reader''s session.';
comment on column index_set.table_name is 'The table that it is on.';
comment on column index_set.definition is 'The statement that makes it, for search_path = pg_catalog.';
comment on column index_set.serves is 'The statements that it is for, in words.';

create function _index_status_rows(
    out name text,
    out schema_name text,
    out table_name text,
    out state text,
    out index_oid oid,
    out size_bytes bigint,
    out scans bigint,
    out covered_by text,
    out verdict text)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_index_status';
comment on function _index_status_rows() is 'The rows of index_status, which is the view to read.';
create function _selects_since(
    table_oid oid,
    counts_then bigint[],
    stats_since timestamptz,
    out calls bigint,
    out p95 double precision)
returns record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_selects_since';
comment on function _selects_since(oid, bigint[], timestamptz) is
'How many selects on a table were counted since a build left counts_then in the journal, and the ms that 95 of 100 of them did not exceed.';

create view index_status as
select s.name, s.schema_name, s.table_name, s.state, s.index_oid, s.size_bytes, s.scans, s.covered_by,
    concat_ws('; ', nullif(s.verdict, ''),
        case when b.state = 'queued' then 'its build is queued'
            when b.state = 'building' then 'build_indexes() is at work on it'
            when b.state = 'failed' and s.state <> 'present' then 'its build has failed: ' || b.error end,
        case when b.state = 'done' and s.state = 'present' and b.calls_before >= 100 then
            'p95 of select on ' || s.table_name || ' ' || round(b.p95_before::numeric, 3) || ' ms before ('
            || b.calls_before || ' runs), ' || case when l.calls >= 100
                then round(l.p95::numeric, 3) || ' ms since (' || l.calls || ' runs)'
                else 'since then known after 100 runs (' || coalesce(l.calls, 0) || ' so far)' end end) as verdict
from @extschema@._index_status_rows() s
left join lateral (
    select j.* from @extschema@.index_build_journal j
    where j.name = s.name and j.schema_name = s.schema_name
    order by j.id desc limit 1) b on true
left join lateral @extschema@._selects_since(b.table_oid, b.counts_then, b.stats_since) l
    on b.state = 'done' and b.calls_before >= 100;
comment on view index_status is
'One row per index of the set: what the catalogue of schema elile_optimize.index_schema has of it, by definition and not by name. It waits for no lock.';
comment on column index_status.name is 'The name of the index in the set; the index itself may have another one.';
comment on column index_status.schema_name is 'elile_optimize.index_schema of the reader''s session.';
comment on column index_status.table_name is 'The table that it is on.';
comment on column index_status.state is 'present: a valid index with this definition, under any name. missing: there is none. covered: it is missing, and another one serves as well. building: a session is at work on it. invalid: it was left half-built. table missing. column missing, or of an unsuitable type.';
comment on column index_status.index_oid is 'The OID of the index that is present, building or invalid; null without one.';
comment on column index_status.size_bytes is 'The size of that index in bytes, of a partitioned one the sum. Null without an index, and while somebody holds it exclusively.';
comment on column index_status.scans is 'Scans of that index since the server''s statistics began, of a partitioned one the sum; null without an index.';
comment on column index_status.covered_by is 'Another valid index, equal or wider, beside a present one too; null when there is none.';
comment on column index_status.verdict is 'In words: whether it is used, what else serves, why it cannot be built, how its build stands, and the p95 in milliseconds of selects on its table before and since, once both have 100 executions.';

create function _redundant_indexes_rows(
    out schema_name text,
    out table_name text,
    out index_name text,
    out kept_index text,
    out kind text,
    out size_bytes bigint,
    out explanation text)
returns setof record language c volatile strict parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_redundant_indexes';
comment on function _redundant_indexes_rows() is 'The rows of redundant_indexes, which is the view to read.';
create view redundant_indexes as
select * from _redundant_indexes_rows() order by schema_name, table_name, index_name;
comment on view redundant_indexes is
'One row per index of this database that another makes needless or that nobody uses, system schemas apart. Never one that enforces what no other does, that a foreign key refers to, or that is the replica identity or the table''s CLUSTER order.';
comment on column redundant_indexes.schema_name is 'The schema of the table and the index.';
comment on column redundant_indexes.table_name is 'The table.';
comment on column redundant_indexes.index_name is 'The index that is needless.';
comment on column redundant_indexes.kept_index is 'The index that does its work; null when it is unused.';
comment on column redundant_indexes.kind is 'duplicate: the same definition, or wholly reversed. prefix: the kept one begins with its columns, with the same predicate. unused: not scanned for 7 days or more, not unique, and no foreign key begins it.';
comment on column redundant_indexes.size_bytes is 'The size of the index in bytes; null while somebody holds it exclusively.';
comment on column redundant_indexes.explanation is 'Why it is needless, in words.';

-- Without a search_path of its own: names in the statements are the caller's.
create function verify_n_plus_one(
    parent_queryid bigint,
    child_queryid bigint,
    keys text[] default null,
    parent_parameters text[] default null,
    child_parameters text[] default null,
    timeout interval default '5 s',
    out form text,
    out keys_used bigint,
    out rows_one_by_one bigint,
    out rows_at_once bigint,
    out same_rows boolean,
    out one_by_one_ms double precision,
    out at_once_ms double precision,
    out speedup double precision,
    out statement text)
returns setof record language c volatile parallel unsafe
as 'MODULE_PATHNAME', 'elile_verify_n_plus_one';
comment on function verify_n_plus_one(bigint, bigint, text[], text[], text[], interval) is
'Runs a child statement key by key, and each form that asks for all keys at once, read-only and as the caller; compares the rows and gives both times in ms, in the server: what the round trips took comes on top. A row per form: list (= any), lateral, joined (with the parent; its times have the parent in them). keys are the values of the child''s key, each row of a two-dimensional array those of several; left out, the parent is run for them, 10,000 at most. parent_parameters and child_parameters have the values of the other $n, $1 first. Each form is run twice, parsed and planned each time, and the faster run counts. timeout is for each form. Both statements must be the caller''s own: undefined_object, insufficient_privilege. Other errors: feature_not_supported for what is no SELECT that can be repeated, invalid_parameter_value for missing values, ambiguous_parameter when its text here, in this search_path, is not the statement that was executed or its parameters'' types are not to be found out, program_limit_exceeded, query_canceled at the time-out.';

create function build_small_indexes()
returns void language c volatile strict parallel unsafe
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'elile_build_small_indexes';
comment on function build_small_indexes() is
'Builds the missing indexes of the set on tables below elile_optimize.inline_index_limit, in this transaction; writers of these tables wait for its end. For the upgrade script; build_indexes() is for people.';

revoke all on function build_small_indexes() from public;
revoke all on function reset() from public;
revoke all on function reset(oid, oid, bigint) from public;
revoke all on function record_db_query(text, text, double precision) from public;
revoke all on function set_active_connections(integer) from public;
revoke all on function set_connection_pool_size(integer) from public;
revoke all on function set_clients_waiting(integer, text) from public;

grant usage on schema @extschema@ to public;
grant select on summary, statements, table_operations, slow_queries, n_plus_one, info to public;
grant select on failures to public;
grant select on pool_statistics, pool_advice to public;
grant select on index_builds to public;
grant select on index_set, index_status, redundant_indexes to public;
grant select on pool_presets to public;

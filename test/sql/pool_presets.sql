-- Presets of pools: as rows, in the words of client libraries, as settings of a role, for PgBouncer.
select * from elile_optimize.pool_presets;
select * from elile_optimize.pool_config('development');
select pool_size, max_overflow, pool_recycle_seconds, pool_timeout_seconds, statement_timeout_ms,
    lock_timeout_ms, slow_query_threshold_ms
from elile_optimize.pool_config('production', pool_size => 7, max_overflow => 0, pool_recycle_seconds => 2,
    pool_timeout_seconds => 3, statement_timeout_ms => 1, lock_timeout_ms => 0, slow_query_threshold_ms => -1);
select environment, client, elile_optimize.pool_config(environment, client)
from elile_optimize.pool_presets, unnest(array['sqlalchemy', 'hikaricp', 'node-postgres', 'pgx', 'npgsql', 'django']) as client
order by client, environment;
select elile_optimize.pool_config('production', 'npgsql', statement_timeout_ms => 1, lock_timeout_ms => 0);
-- Bad input.
select elile_optimize.pool_config('staging');
select elile_optimize.pool_config('Production', 'django');
select elile_optimize.pool_config(null);
select elile_optimize.pool_config('production', 'c3p0');
select elile_optimize.pool_config('production', null::text);
select elile_optimize.pool_config('production', 'hikaricp', pool_recycle_seconds => 29);
select elile_optimize.pool_config('production', pool_size => 0);
select elile_optimize.pool_config('production', pool_size => -1);
select elile_optimize.pool_config('production', 'pgx', max_overflow => -10);
select elile_optimize.pool_config('production', pool_recycle_seconds => 604801);
select elile_optimize.pool_config('production', pool_timeout_seconds => 0);
select elile_optimize.pool_config('production', statement_timeout_ms => -1);
select elile_optimize.pool_config('production', lock_timeout_ms => 2147483647);
select elile_optimize.pool_config('production', slow_query_threshold_ms => -2);
select pool_size from elile_optimize.pool_config('production', pool_size => 97, max_overflow => 0);
select elile_optimize.pool_config('production', pool_size => 98, max_overflow => 0);
select elile_optimize.pool_config('production', pool_size => 10000, max_overflow => 10000);

-- As settings of a role in a database. Names are anything that fits.
create role app login;
create role "o'clock ""x""" login;
create database "da ta'""base" template template0;
create view has as
select r.rolname, r.rolconnlimit as lim, d.datname, unnest(s.setconfig) as setting
from pg_roles r left join pg_db_role_setting s on s.setrole = r.oid left join pg_database d on d.oid = s.setdatabase
where r.rolname in ('app', 'o''clock "x"') order by 1, 3, 4;
select elile_optimize.preset_sql('production', 'app', 'contrib_regression');
select elile_optimize.preset_sql('development', 'o''clock "x"', 'da ta''"base', statement_timeout_ms => 1500);
alter role app in database contrib_regression set work_mem = '5MB';
alter role app in database contrib_regression set lock_timeout = '1s';
select elile_optimize.apply_preset('production', 'app', 'contrib_regression');
select * from has;
-- Once more changes nothing, other timeouts change.
select elile_optimize.apply_preset('production', 'app', 'contrib_regression');
select elile_optimize.apply_preset('production', 'app', 'contrib_regression', lock_timeout_ms => 1234);
select * from has where setting ~ 'lock_timeout';
-- What preset_sql() says is what apply_preset() does.
select elile_optimize.preset_sql('development', 'o''clock "x"', 'da ta''"base', statement_timeout_ms => 1500) \gexec
select elile_optimize.apply_preset('development', 'o''clock "x"', 'da ta''"base', statement_timeout_ms => 1500);
select * from has where rolname <> 'app';
-- Another preset is refused, in whichever database; the same one is not.
select elile_optimize.apply_preset('testing', 'app', 'contrib_regression');
select elile_optimize.apply_preset('production', 'app', 'postgres', pool_size => 21);
select elile_optimize.preset_sql('development', 'app', 'da ta''"base');
select elile_optimize.apply_preset('development', 'o''clock "x"', 'postgres');
select elile_optimize.apply_preset('production', 'app', 'postgres');
select rolname, lim, datname, count(*) from has group by 1, 2, 3 order by 1, 3;
-- All of it goes, and nothing else; the limit with the last one.
select elile_optimize.apply_preset(null, 'app', 'contrib_regression');
select rolname, lim, datname, min(setting), count(*) from has where rolname = 'app' group by 1, 2, 3 order by 1, 3;
select elile_optimize.preset_sql(null, 'app', 'postgres');
select elile_optimize.apply_preset(null, 'app', 'postgres');
select elile_optimize.apply_preset(null, 'app', 'postgres');
select elile_optimize.preset_sql(null, 'app', 'postgres');
select * from has where rolname = 'app';
select elile_optimize.preset_sql(null, 'o''clock "x"', 'da ta''"base');
alter role "o'clock ""x""" in database "da ta'""base" set log_min_duration_statement = 250;
select elile_optimize.apply_preset(null, 'o''clock "x"', 'da ta''"base');
select elile_optimize.apply_preset(null, 'o''clock "x"', 'postgres');
select * from has;
-- A limit of somebody else's is neither taken nor given away.
alter role app connection limit 30;
select elile_optimize.apply_preset('production', 'app', 'postgres');
select elile_optimize.apply_preset(null, 'app', 'postgres');
alter role app connection limit -1;
select elile_optimize.apply_preset('production', 'app', 'postgres');
alter role app connection limit 50;
select elile_optimize.apply_preset(null, 'app', 'postgres');
select distinct rolname, lim from has where rolname = 'app';
alter role app connection limit -1;
-- It goes with the transaction.
begin;
select elile_optimize.apply_preset('testing', 'app', 'postgres');
rollback;
select distinct rolname, lim from has where rolname = 'app';
-- Who cannot use it.
create role readers;
select elile_optimize.apply_preset('testing', 'readers', 'postgres');
select elile_optimize.apply_preset(null, 'readers', 'postgres');
select elile_optimize.apply_preset('testing', 'postgres', 'contrib_regression');
select elile_optimize.apply_preset(null, 'postgres', 'contrib_regression');
drop role readers;
-- Rights are the caller's.
create role chief createrole;
grant select on has to chief;
grant app to chief with admin option;
set role chief;
select elile_optimize.apply_preset('development', 'app', 'postgres');
reset role;
grant set on parameter elile_optimize.environment, elile_optimize.slow_query_threshold, elile_optimize.log_query_plan,
    elile_optimize.log_parameters to chief;
set role chief;
select elile_optimize.apply_preset('development', 'app', 'postgres');
select elile_optimize.apply_preset('production', 'app', 'postgres');
select distinct rolname, lim, datname from has where rolname = 'app';
select elile_optimize.apply_preset(null, 'app', 'postgres');
\set VERBOSITY sqlstate
set role app;
select elile_optimize.apply_preset('production', 'o''clock "x"', 'postgres');
select elile_optimize.apply_preset('production', 'app', 'postgres');
reset role;
-- Bad input.
\set VERBOSITY default
select elile_optimize.apply_preset('staging', 'app', 'postgres');
select elile_optimize.apply_preset('production', 'nobody', 'postgres');
select elile_optimize.apply_preset('production', 'app', 'no"where');
select elile_optimize.preset_sql('production', 'no''body', 'postgres');
select elile_optimize.apply_preset(null, 'nobody', 'postgres');
select elile_optimize.apply_preset('production', null, 'postgres');
select elile_optimize.apply_preset('production', 'app', null);
select elile_optimize.apply_preset('production', 'app', 'postgres', pool_size => -5);
select elile_optimize.apply_preset('production', 'app', 'postgres', pool_size => 90);
select elile_optimize.apply_preset('production', 'public', 'postgres');
\set VERBOSITY sqlstate
select elile_optimize.apply_preset('testing', 'pg_monitor', 'postgres');
\set VERBOSITY default
select * from has;

-- For PgBouncer; where the server is differs.
select regexp_replace(elile_optimize.pgbouncer_config('production', 'contrib_regression'), 'host=\S+ port=\d+', 'host=...');
select regexp_replace(elile_optimize.pgbouncer_config('testing', 'da ta''"base'), 'host=\S+ port=\d+', 'host=...');
select regexp_matches(elile_optimize.pgbouncer_config('development', 'postgres', pool_size => 30, max_overflow => 6,
    pool_recycle_seconds => 9, pool_timeout_seconds => 8), '^((?:default_pool|reserve_pool_s|server_l|query_w|max_cl|log_).*)$', 'gn');
create database pgbouncer template template0;
select substring(elile_optimize.pgbouncer_config('testing', 'pgbouncer') from '\npgbouncer_ = .*dbname=''pgbouncer''\n') is not null;
drop database pgbouncer;
select elile_optimize.pgbouncer_config('staging', 'postgres');
select elile_optimize.pgbouncer_config('production', 'nowhere');
select elile_optimize.pgbouncer_config('production', null);
select elile_optimize.pgbouncer_config('production', 'postgres', pool_size => 1, max_overflow => 97);

drop view has;
drop database "da ta'""base";
drop owned by chief;
drop role app, "o'clock ""x""", chief;

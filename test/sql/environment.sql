-- elile_optimize.environment gives other settings their values, unless they were set themselves.
create view effective as select current_setting('elile_optimize.environment') as environment,
    current_setting('elile_optimize.slow_query_threshold') as threshold,
    current_setting('elile_optimize.log_query_plan') as plans,
    current_setting('elile_optimize.log_parameters') as parameters;
select * from effective;
set elile_optimize.environment = 'development';
select * from effective;
select threshold_ms from elile_optimize.summary;
set elile_optimize.environment = 'testing';
select * from effective;
set elile_optimize.environment = 'staging';
-- What was set wins, in whichever order.
set elile_optimize.slow_query_threshold = '1500ms';
set elile_optimize.log_query_plan = off;
set elile_optimize.environment = 'development';
select * from effective;
reset elile_optimize.slow_query_threshold;
reset elile_optimize.log_query_plan;
select * from effective;
set elile_optimize.log_parameters = 'environment';
select * from effective;
begin;
set local elile_optimize.environment = 'testing';
set local elile_optimize.slow_query_threshold = '1h';
select * from effective;
rollback;
select * from effective;
reset elile_optimize.environment;
select * from effective;
set elile_optimize.slow_query_threshold = -1;
select * from effective;
set elile_optimize.slow_query_threshold = 0;
select * from effective;
\set VERBOSITY sqlstate
set elile_optimize.slow_query_threshold = -3;
\set VERBOSITY default
reset elile_optimize.slow_query_threshold;
-- The number is in the setting's unit, and SHOW has both.
create view shown as select setting, unit from pg_settings where name = 'elile_optimize.slow_query_threshold';
select * from shown;
set elile_optimize.slow_query_threshold = '2min';
select * from shown;
show elile_optimize.slow_query_threshold;
set elile_optimize.environment = 'development';
set elile_optimize.slow_query_threshold = -2;
select * from shown;
show elile_optimize.slow_query_threshold;
set elile_optimize.slow_query_threshold = 3;
reset elile_optimize.slow_query_threshold;
select * from shown;
set elile_optimize.slow_query_threshold = 3;
reset elile_optimize.slow_query_threshold;
show elile_optimize.slow_query_threshold;
reset elile_optimize.environment;
select * from shown;
drop view shown;
select name from pg_settings where name like 'elile\_optimize.%' and vartype in ('integer', 'real') and setting !~ '^-?[0-9.]+$';
-- RESET gives what pg_settings says, whichever way the environment was set.
create view agreed as select setting, reset_val, current_setting(name) as shown, (select threshold_ms from elile_optimize.summary) as held
    from pg_settings where name = 'elile_optimize.slow_query_threshold';
create function agreed_in_development() returns setof agreed set elile_optimize.environment = 'development' language sql as 'select * from agreed';
select * from agreed;
select * from agreed_in_development();
set elile_optimize.environment = 'development';
select * from agreed;
set elile_optimize.slow_query_threshold = 12345;
select * from agreed;
reset elile_optimize.slow_query_threshold;
select * from agreed;
begin;
set local elile_optimize.environment = 'production';
set local elile_optimize.slow_query_threshold = '99ms';
select * from agreed;
savepoint s;
set local elile_optimize.slow_query_threshold = -2;
set local elile_optimize.environment = 'testing';
select * from agreed;
rollback to s;
select * from agreed;
commit;
select * from agreed;
reset all;
select * from agreed;
drop function agreed_in_development();
-- Of a role in a database.
create role developer login superuser;
alter role developer in database contrib_regression set elile_optimize.environment = 'development';
alter role developer in database contrib_regression set elile_optimize.slow_query_threshold = '7s';
\c - developer
select * from effective;
select * from agreed;
alter role developer in database contrib_regression reset elile_optimize.slow_query_threshold;
\c - developer
select * from agreed;
\c - postgres
drop view effective, agreed;
drop role developer;

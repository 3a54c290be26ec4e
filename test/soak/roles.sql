-- The witness counts what it does, so nothing that is changed meanwhile may change how it is counted.
create role witness login;
alter role witness set elile_optimize.track = 'top';
alter role witness set elile_optimize.sample_rate = 1;
alter role witness set lock_timeout = 0;
alter role witness set statement_timeout = '60s';
create role smith login;
alter role smith set statement_timeout = '1s';
grant pg_monitor to smith;
create role builder login superuser;

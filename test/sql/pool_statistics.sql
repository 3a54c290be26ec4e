-- Pools as the server sees them, and what applications say of theirs.
create extension if not exists elile_optimize;
select elile_optimize.reset();
create role elile_pool_user;

-- This session alone has a row that is known.
set application_name = 'elile_regress';
select datname, username, pool_size, checked_out, checked_in, overflow, invalid, peak_checked_out,
    oldest_connection_age between '0' and '1 day' as aged, reported_pool_size, reported_active_connections
from elile_optimize.pool_statistics where application_name = 'elile_regress';
select elile_optimize.set_connection_pool_size(0), elile_optimize.set_active_connections(2147483647);
select pool_size, overflow, reported_pool_size, reported_active_connections
from elile_optimize.pool_statistics where application_name = 'elile_regress';

-- A failed transaction is seen by others only; in one of its own a session sees itself at work.
begin;
select checked_out, invalid from elile_optimize.pool_statistics where application_name = 'elile_regress';
rollback;

-- Bad input.
select elile_optimize.set_connection_pool_size(-1);
select elile_optimize.set_active_connections(-2147483648);
select elile_optimize.set_clients_waiting(-1);
select elile_optimize.set_clients_waiting(-1, 'elsewhere');
select elile_optimize.set_clients_waiting(null) is null as nothing_told;
select elile_optimize.set_clients_waiting(3, repeat('x', 1000));
select count(*) as rows_for_waiting_alone from elile_optimize.pool_statistics where application_name ~ '^x+$';

-- A name of 63 characters of more than a byte is cut as the server cuts it.
set application_name = 'ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé';
select elile_optimize.set_connection_pool_size(7);
select p.pool_size, p.reported_pool_size, octet_length(p.application_name) <= 63 as fits
from elile_optimize.pool_statistics p join pg_stat_activity a using (application_name)
where a.pid = pg_backend_pid();
set application_name = '';
select elile_optimize.set_connection_pool_size(4);
select pool_size > 0 as there, reported_pool_size
from elile_optimize.pool_statistics
where application_name = '' and datname = current_database() and username = current_user;

-- Three hundred names more than there are rows; the reports beyond 256 are dropped and counted.
select pool_reports_dropped as before from elile_optimize.info \gset
do $$
begin
    for i in 1..300 loop
        perform set_config('application_name', 'many ' || i, false), elile_optimize.set_connection_pool_size(1);
    end loop;
end $$;
select count(*) between 200 and 257 as bounded from elile_optimize.pool_statistics;
select pool_reports_dropped - :before >= 300 - 256 as counted from elile_optimize.info;
reset application_name;

-- Who may: everybody reads, as in pg_stat_activity; telling has to be granted.
set role elile_pool_user;
select count(*) > 0 as reads from elile_optimize.pool_statistics;
select elile_optimize.set_clients_waiting(1);
select elile_optimize.set_clients_waiting(1, 'psql');
reset role;
grant execute on function elile_optimize.set_clients_waiting(integer, text) to elile_pool_user;
set role elile_pool_user;
select elile_optimize.set_clients_waiting(0);
reset role;
drop owned by elile_pool_user;
drop role elile_pool_user;

-- reset() forgets what was seen, and keeps what was told.
select elile_optimize.reset();
select count(*) as seen from elile_optimize.pool_statistics where connections_opened > 0;
select count(*) > 0 as told from elile_optimize.pool_statistics where reported_pool_size = 1;
select pools_put_aside >= 0 as put_aside, ended_sessions_dropped from elile_optimize.info;

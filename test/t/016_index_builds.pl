# What build_indexes() promises: who may, as whom, what waits and why, and what is bad input.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $schema_sql = slurp_file("$FindBin::RealBin/workload/schema.sql");
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
max_prepared_transactions = 2
elile_optimize.inline_index_limit = 0
elile_optimize.enable_query_logging = off
});
$node->start;
my $open = q{select count(*) from elile_optimize.index_builds where state in ('queued', 'building')};
my $invalid = 'select count(*) from pg_index where not indisvalid';

sub ask { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }

sub comes
{
    my ($what, $query, $wanted) = @_;
    return becomes($what, sub { ask($query) }, $wanted // 't');
}

sub error_of
{
    my ($sql) = @_;
    my ($status, $out, $err) = $node->psql('postgres', $sql, on_error_stop => 1);
    return $err;
}

sub set
{
    my ($name, $value) = @_;
    ask("alter system set elile_optimize.$name = '$value'");
    $node->reload;
    return comes("$name is $value", "select current_setting('elile_optimize.$name') = '$value'");
}

ask($schema_sql);
$node->psql('postgres', 'create extension elile_optimize');

# Transactions.
my $one = q{select elile_optimize.build_indexes(array['idx_tenants_active_name'])};
ask("begin; $one; rollback");
is(ask('select count(*) from elile_optimize.index_builds'), '0', 'rolled back: nothing is queued');
ask("begin; savepoint s; $one; rollback to s; commit");
is(ask('select count(*) from elile_optimize.index_builds'), '0', 'nor from a subtransaction');
like(error_of("begin; $one; prepare transaction 'p'"), qr/cannot prepare a transaction that has queued/, 'not in a prepared one');
like(error_of("begin read only; $one"), qr/cannot execute build_indexes\(\) in a read-only transaction/, 'nor in a read-only one');
is(ask('select count(*) from elile_optimize.index_builds'), '0', 'nothing came of those');

# Bad input.
like(error_of(q{select elile_optimize.build_indexes(array['idx_nothing'])}),
    qr/index "idx_nothing" is not in the index set\nHINT:  Known are idx_entities_canonical_identifiers_gin, .*idx_tenants_active_name\./,
    'an unknown name, and the known ones');
like(error_of(q{select elile_optimize.build_indexes(array['idx_tenants_active_name', null])}), qr/must not be null/, 'a null name');
like(error_of(q{select elile_optimize.build_indexes(array[['idx_tenants_active_name'], ['x']])}), qr/one-dimensional/, 'two dimensions');
is(ask(q{select elile_optimize.build_indexes('{}')}), '0', 'an empty list');
like(error_of(q{set elile_optimize.index_schema = nowhere; select elile_optimize.build_indexes(array['idx_tenants_active_name'])}),
    qr/does not exist in schema "nowhere"/, 'no such schema');
is(ask('set elile_optimize.index_schema = nowhere; select elile_optimize.build_indexes()'), '0', 'nothing to build there');
like(error_of(q{select elile_optimize.build_indexes(array(select 'x' || n from generate_series(1, 10000) n))}),
    qr/"x1" is not in the index set/, '10,000 unknown names');

# Paused, so that what is queued stays.
my $sleeper = Session->new($node);
set('index_build_max_active', 0);
$sleeper->tell('select pg_sleep(600)');
is(ask(q{select elile_optimize.build_indexes(array['idx_tenants_active_name', 'idx_tenants_active_name'])}), '1', 'the same name twice counts once');
is(ask($one), '0', 'what is queued is not queued again');
is(ask('select count(*), sum(elile_optimize.build_indexes()) from generate_series(1, 10000)'), '10000|17', '10,000 requests');
is(ask($open), '18', 'queue what there is');
comes('a build waits for sessions to be less active', q{select phase from elile_optimize.index_builds where name = 'idx_tenants_active_name'},
    'waiting for fewer active sessions (elile_optimize.index_build_max_active)');
is(ask('select elile_optimize.cancel_index_builds()'), '18', 'all of them are cancelled');
is(ask(q{select distinct state from elile_optimize.index_builds}), 'cancelled', 'and that is what they are');
is(ask('select elile_optimize.cancel_index_builds()'), '0', 'none is left to cancel');
ask("begin; $one; rollback");

# Rights.
ask(q{create role owner nologin; create role "Rôle ""q""" login; create role stranger login;
    create role member login in role owner;
    grant usage on schema elile_optimize to owner, stranger, member;
    alter table tenants owner to owner; grant create on schema public to owner});
for my $role ('stranger', '"Rôle ""q"""')
{
    like(error_of("set role $role; $one"), qr/must be owner of table tenants/, "$role has no right");
    like(error_of("set role $role; select elile_optimize.build_indexes()"), qr/must be owner of table/, "$role not for all either");
}
is(ask(q{select count(*) from elile_optimize.index_builds where state = 'queued'}), '0', 'nothing is queued by an error');
is(ask("set role owner; $one"), '1', 'a NOLOGIN owner may');
like(error_of('set role stranger; select elile_optimize.cancel_index_builds()'), qr/permission denied to cancel index builds of other roles/, 'a stranger may not cancel it');
is(ask('set role member; select elile_optimize.cancel_index_builds()'), '1', 'a member of the owner may');
is(ask("set role owner; $one"), '1', 'once more');
# Its rights go before its build begins.
ask('alter table tenants owner to postgres');
set('index_build_max_active', -1);
comes('a build without the right fails', q{select state, error from elile_optimize.index_builds limit 1}, 'failed|must be owner of table tenants');
is(ask(q{select count(*) from pg_class where relname = 'idx_tenants_active_name'}), '0', 'and builds nothing');
# It has a snapshot, which a concurrent build would wait for.
ask(q{select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'});
$sleeper->close;

# As whom, and with which names in sight.
ask(q{
create table witness (who name, session name, path text, at text);
create function see() returns event_trigger language plpgsql security invoker as $$ begin
    insert into public.witness values (current_user, session_user, current_setting('search_path'), tg_tag); end $$;
grant insert on witness to public;
create event trigger watch on ddl_command_end when tag in ('CREATE INDEX') execute function see();
create schema evil; grant usage, create on schema evil to public;
create function evil.ge(double precision, numeric) returns boolean immutable language plpgsql as $$ begin
    raise exception 'hostile code ran as %', current_user; end $$;
create operator evil.>= (leftarg = double precision, rightarg = numeric, function = evil.ge);
alter role "Rôle ""q""" set search_path = evil, pg_catalog;
alter role "Rôle ""q""" set statement_timeout = '1ms';
alter role "Rôle ""q""" set default_transaction_read_only = on;
alter role "Rôle ""q""" set role = 'stranger';
grant stranger to "Rôle ""q""";
grant create on schema public to "Rôle ""q""";
alter table tenants owner to owner;
alter table entity_relations owner to "Rôle ""q"""});
is(ask("set role owner; $one"), '1', 'queued by a NOLOGIN role');
is(ask(q{set role "Rôle ""q"""; select elile_optimize.build_indexes(array['idx_relations_high_confidence'])}), '1', 'and by one with a hostile search_path');
comes('both are built', $open, '0');
is(ask('select string_agg(distinct error, $$; $$) from elile_optimize.index_builds where name = $$idx_relations_high_confidence$$'), '', 'without an error');
is(ask('select distinct who, session, path from witness order by 1'),
    qq{Rôle "q"|Rôle "q"|pg_catalog, pg_temp\nowner|owner|pg_catalog, pg_temp}, 'each as its role, with a safe search_path');
is(ask(q{select relname, pg_get_userbyid(relowner) from pg_class where relname in ('idx_tenants_active_name', 'idx_relations_high_confidence') order by 1}),
    qq{idx_relations_high_confidence|Rôle "q"\nidx_tenants_active_name|owner}, 'the indexes are their tables\' owners\'');
ask('drop event trigger watch; drop schema evil cascade');

# A lock that is not to be had is waited for, and is no attempt.
my $locker = Session->new($node);
$locker->ask('begin; lock table audit_events in share update exclusive mode');
is(ask(q{select elile_optimize.build_indexes(array['idx_audit_type_severity'])}), '1', 'queued');
comes('a build waits for the lock', q{select phase, attempts from elile_optimize.index_builds limit 1}, 'waiting for a lock on the table|0');
$locker->ask('commit');
comes('and is built', q{select state from elile_optimize.index_builds limit 1}, 'done');

# Two at once, never on one table.
set('max_parallel_builds', 2);
$locker->ask('begin; lock table audit_events, entity_profiles, cached_data_sources in row exclusive mode');
is(ask(q{select elile_optimize.build_indexes(array['idx_audit_high_severity', 'idx_audit_tenant_timestamp_desc',
    'idx_profiles_findings_gin', 'idx_cache_cost_acquired'])}), '4', 'four builds on three tables');
comes('two are at work, on two tables', q{select count(*), count(distinct table_name) from elile_optimize.index_builds
    where phase = 'waiting for writers before build'}, '2|2');
comes('the others wait', q{select string_agg(phase, ', ' order by phase) from elile_optimize.index_builds where state = 'queued'},
    'waiting for another build on its table, waiting for another build to end');
$locker->ask('commit');
comes('all four are built', $open, '0');
set('max_parallel_builds', 1);

# Partitions, two levels of them, in a schema that needs quotes.
ask(q{create schema "Sché ""ma"; set search_path = "Sché ""ma";} . $schema_sql);
ask(q{set search_path = "Sché ""ma"; drop table audit_events;
create table audit_events (audit_id uuid, event_type varchar(100), severity varchar(20), tenant_id uuid, entity_id uuid,
    created_at timestamptz not null) partition by range (created_at);
create table audit_1 partition of audit_events for values from (minvalue) to ('2026-01-01');
create table audit_2 partition of audit_events for values from ('2026-01-01') to (maxvalue) partition by list (severity);
create table "audit_2 é" partition of audit_2 default;
insert into audit_events select gen_random_uuid(), 'e', 'error', gen_random_uuid(), gen_random_uuid(), '2025-12-01'::timestamptz + n * interval '1 hour'
from generate_series(1, 1000) n});
is(ask(q{set elile_optimize.index_schema = 'Sché "ma'; select elile_optimize.build_indexes()}), '18', 'a whole set on odd names, one table in partitions');
comes('is built', $open, '0');
is(ask(q{select string_agg(distinct state || coalesce(error, ''), ', ') from elile_optimize.index_builds where schema_name = 'Sché "ma'}), 'done', 'without an error');
is(ask(q{select count(*) filter (where c.relkind = 'I'), count(*) filter (where c.relispartition) from pg_index i join pg_class c on c.oid = indexrelid
    where indisvalid and c.relnamespace = '"Sché ""ma"'::regnamespace and
    (c.relname ~ '^idx_audit' or c.relispartition)}), '8|12', 'four partitioned indexes, with those of two leaves and of one level between');
is(ask($invalid), '0', 'none is invalid');

# p95 of what it serves, before and after.
ask('drop index idx_tenants_active_name');
ask(q{select count(*) from tenants where name = 'x' and is_active;} x 150);
is(ask($one), '1', 'after 150 look-ups');
comes('built', $open, '0');
ask(q{select count(*) from tenants where name = 'x' and is_active;} x 150);
like(ask(q{select verdict from elile_optimize.index_status where name = 'idx_tenants_active_name'}),
    qr/p95 of select on tenants [\d.]+ ms before \(\d+ runs\), [\d.]+ ms since \(15\d runs\)/, 'the verdict has both');

# No worker to be had: told, and tried again.
$node->append_conf('postgresql.conf', "max_worker_processes = 1\nmax_logical_replication_workers = 0");
my $from = -s $node->logfile;
$node->restart;
ask('drop index idx_tenants_active_name');
is(ask($one), '1', 'queued without a worker');
comes('it says what it waits for', q{select phase from elile_optimize.index_builds limit 1}, 'waiting for a free background worker (max_worker_processes)');
ok(slurp_file($node->logfile, $from) =~ /no background worker is free to build indexes/, 'the log too');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;
comes('built after a restart', q{select state from elile_optimize.index_builds limit 1}, 'done');

# Nothing grows: ended builds are forgotten but for the last.
ask(q{insert into elile_optimize.index_build_journal (name, schema_name, table_name, table_oid, userid, state, finished_at)
    select 'old', 's', 't', 0, 10, 'done', now() from generate_series(1, 3000)});
ask('drop index idx_tenants_active_name');
ask($one);
comes('the journal is cut', 'select count(*) <= 1000 from elile_optimize.index_build_journal');
ask('drop extension elile_optimize');
is(ask(q{select count(*) from pg_class where relname ~ '^idx_tenants_active_name'}), '2', 'the indexes stay');
$_->close foreach $locker;
$node->stop;
done_testing();

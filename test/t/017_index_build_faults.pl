# Builds that are ended in each of their phases, in every way: none leaves an invalid index or a
# lock, and in the end the set is there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
restart_after_crash = on
max_connections = 20
elile_optimize.inline_index_limit = 0
elile_optimize.enable_query_logging = off
elile_optimize.index_build_retries = 100
elile_optimize.index_build_retry_delay = 0
});
$node->start;
$node->safe_psql('postgres', slurp_file("$FindBin::RealBin/workload/schema.sql"));
$node->safe_psql('postgres', q{
insert into entities select gen_random_uuid(), 'individual',
    jsonb_build_object('ssn', n, 'name', 'person ' || n, 'email', n || '@example.com', 'city', n % 1000)
from generate_series(1, 60000) n});
$node->psql('postgres', 'create extension elile_optimize');

my $index = 'idx_entities_canonical_identifiers_gin';
my $invalid = 'select count(*) from pg_index where not indisvalid';
my $open = q{select count(*) from elile_optimize.index_builds where state in ('queued', 'building')};

# A server that has just crashed gives no answer.
sub comes
{
    my ($what, $query, $wanted) = @_;
    return becomes($what, sub { my ($status, $out) = $node->psql('postgres', $query); return $status == 0 ? $out : undef }, $wanted // 't');
}

# What keeps a build in a phase. Each returns the session that must end for it to go on.
my %hold = (
    'waiting for writers before build' => sub {
        my $writer = Session->new($node);
        $writer->ask(q{begin; update entities set updated_at = now()
            where entity_id = (select entity_id from entities limit 1)});
        $node->safe_psql('postgres', "select elile_optimize.build_indexes(array['$index'])");
        return $writer;
    },
    'waiting for writers before validation' => sub {
        my $first = Session->new($node);
        my $second = Session->new($node);
        $first->ask(q{begin; update entities set updated_at = now()
            where entity_id = (select min(entity_id::text) from entities)::uuid});
        $node->safe_psql('postgres', "select elile_optimize.build_indexes(array['$index'])");
        wait_for_phase('waiting for writers before build');
        # It begins while the build waits for the first, which makes it none of those waited for.
        $second->ask(q{begin; update entities set updated_at = now()
            where entity_id = (select max(entity_id::text) from entities)::uuid});
        $first->ask('commit');
        $first->close;
        return $second;
    },
    'waiting for old snapshots' => sub {
        my $reader = Session->new($node);
        $reader->ask('begin isolation level repeatable read; select count(*) from tenants');
        $node->safe_psql('postgres', "select elile_optimize.build_indexes(array['$index'])");
        return $reader;
    },
    # Seen in passing, since nothing holds a build there.
    'building index' => sub {
        $node->safe_psql('postgres', "select elile_optimize.build_indexes(array['$index'])");
        return;
    });

sub phase_now
{
    my ($status, $out) = $node->psql('postgres',
        q{select phase from elile_optimize.index_builds where state = 'building'});
    return $out // '';
}

sub wait_for_phase
{
    my ($phase) = @_;
    my $seen = '';
    return 1 if poll(sub { ($seen = phase_now()) =~ /^\Q$phase\E/ }, undef, 0.002);
    diag("phase '$seen' instead of '$phase'");
    return 0;
}

sub builder { return $node->safe_psql('postgres', q{select pid from elile_optimize.index_builds where pid is not null}) }

sub crash
{
    my ($do) = @_;
    my $from = -s $node->logfile;
    $do->();
    $node->wait_for_log(qr/database system is ready to accept connections/, $from);
    return;
}

# In what way it is ended.
my %fault = (
    'kill -9 of the builder' => sub { my $pid = builder(); crash(sub { kill 'KILL', $pid }) },
    'pg_terminate_backend' => sub { $node->psql('postgres', 'select pg_terminate_backend(' . builder() . ')') },
    'pg_cancel_backend' => sub { $node->psql('postgres', 'select pg_cancel_backend(' . builder() . ')') },
    'cancel_index_builds' => sub { $node->safe_psql('postgres', 'select elile_optimize.cancel_index_builds()') },
    'kill -9 of the postmaster' => sub {
        $node->kill9;
        # Its children end by themselves; until then the shared memory is theirs.
        poll(sub { $node->{_pid} = undef; return $node->start(fail_ok => 1) }) or die 'no start';
    },
    'kill of the coordinator' => sub {
        $node->psql('postgres', q{select pg_terminate_backend(pid) from pg_stat_activity
            where backend_type = 'elile_optimize build coordinator'});
        $node->psql('postgres', 'select pg_terminate_backend(' . builder() . ')');
    });

my @faults = map { my $phase = $_; map { [ $phase, $_ ] } sort keys %fault } sort keys %hold;
is(scalar(@faults), 24, 'each fault in each phase');
for my $case (@faults)
{
    my ($phase, $fault) = @$case;
    $node->safe_psql('postgres', "drop index if exists $index");
    my $holder = $hold{$phase}->();
    ok(wait_for_phase($phase), "$phase: reached");
    $fault{$fault}->();
    $holder->close if $holder;
    comes("$phase, $fault: the build ends", $open, '0');
    is($node->safe_psql('postgres', $invalid), '0', "$phase, $fault: no invalid index");
    my $state = $node->safe_psql('postgres',
        q{select state from elile_optimize.index_builds limit 1});
    my $is_there = $node->safe_psql('postgres', "select count(*) from pg_class where relname = '$index'");
    if ($fault eq 'cancel_index_builds')
    {
        # In a phase that is left at once the signal may come when the index is there.
        like("$state $is_there", $phase eq 'building index' ? qr/^(cancelled 0|done 1)$/ : qr/^cancelled 0$/,
            "$phase, $fault: cancelled, and nothing is left");
    }
    else { is("$state $is_there", 'done 1', "$phase, $fault: built in the end") }
}

# A table that goes in mid-build.
$node->safe_psql('postgres', 'create schema other; set search_path = other;'
        . slurp_file("$FindBin::RealBin/workload/schema.sql"));
my $reader = Session->new($node);
$reader->ask('begin isolation level repeatable read; select count(*) from tenants');
$node->safe_psql('postgres', q{set elile_optimize.index_schema = other;
    select elile_optimize.build_indexes(array['idx_relations_to_type'])});
ok(wait_for_phase('waiting for old snapshots'), 'a build waits for a snapshot');
my $dropper = Session->new($node);
$dropper->tell('drop table other.entity_relations');
comes('somebody waits to drop the table',
    q{select count(*) from pg_locks where relation = 'other.entity_relations'::regclass and not granted}, '1');
$node->safe_psql('postgres', 'select pg_terminate_backend(' . builder() . ')');
$dropper->ask('select 1');
comes('the build of a dropped table ends', $open, '0');
is($node->safe_psql('postgres', 'select state, error from elile_optimize.index_builds limit 1'),
    'failed|table "other.entity_relations" was dropped or replaced', 'with the reason');
is($node->safe_psql('postgres', $invalid), '0', 'nothing invalid is left');
$reader->close;
$dropper->close;

# The whole set, after all that.
$node->safe_psql('postgres', 'select elile_optimize.build_indexes()');
comes('the set is built', $open, '0');
is($node->safe_psql('postgres', q{select count(*) from elile_optimize.index_status
    where state = 'present'}), '18', 'all 18 are there');
is($node->safe_psql('postgres', $invalid), '0', 'and valid');
comes('no lock is left', q{select count(*) from pg_locks l join pg_class c on c.oid = l.relation
    where c.relnamespace = 'public'::regnamespace}, '0');
is($node->safe_psql('postgres', q{select count(*) from elile_optimize.index_builds where state = 'failed' and schema_name = 'public'}),
    '0', 'no build has failed');

# Three times at most.
$node->append_conf('postgresql.conf', 'elile_optimize.index_build_retries = 3');
$node->reload;
$node->safe_psql('postgres', "drop index $index");
my $holder = $hold{'waiting for old snapshots'}->();
for my $attempt (1 .. 4)
{
    comes("attempt $attempt has begun", qq{select attempts = $attempt and phase = 'waiting for old snapshots'
        from elile_optimize.index_builds limit 1});
    $node->safe_psql('postgres', 'select pg_cancel_backend(' . builder() . ')');
}
$holder->ask('commit');
comes('then it has failed', q{select state = 'failed' from elile_optimize.index_builds limit 1});
is($node->safe_psql('postgres', 'select error from elile_optimize.index_builds limit 1'),
    'canceling statement due to user request', 'with the reason');
is($node->safe_psql('postgres', $invalid), '0', 'and nothing is left of it');

# An invalid index of somebody else's is told and left alone.
my ($status, $out, $err) = $node->psql('postgres', "set statement_timeout = 300; create index concurrently $index on entities using gin (canonical_identifiers)");
is($node->safe_psql('postgres', $invalid), '1', "somebody's own attempt has failed");
($status, $out, $err) = $node->psql('postgres', "select elile_optimize.build_indexes(array['$index'])");
is($out, '0', 'it is not queued');
like($err, qr/not valid, so it is left alone/, 'but told');
is($node->safe_psql('postgres', $invalid), '1', 'and never touched');
$holder->close;
$node->stop;
done_testing();

# cancel_index_builds() in a transaction that stays open holds up nobody: neither other roles' builds
# nor the builder that it is about to cancel.
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
elile_optimize.inline_index_limit = 0
elile_optimize.enable_query_logging = off
});
$node->start;

sub ask { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }

sub comes
{
    my ($what, $query, $wanted) = @_;
    return becomes($what, sub { ask($query) }, $wanted);
}

sub set
{
    my ($name, $value) = @_;
    ask("alter system set elile_optimize.$name = '$value'");
    $node->reload;
    return comes("$name is $value", "select current_setting('elile_optimize.$name')", $value);
}

$node->psql('postgres', 'create extension elile_optimize');
ask("create role $_ login; create schema of_$_ authorization $_;
    create table of_$_.tenants (tenant_id uuid, name varchar(255), is_active boolean); alter table of_$_.tenants owner to $_") foreach 'ann', 'bob';
my %as = map { ($_ => Session->new($node, user => $_)) } 'ann', 'bob';
$as{$_}->ask("set elile_optimize.index_schema = of_$_") foreach 'ann', 'bob';
my $build = q{select elile_optimize.build_indexes(array['idx_tenants_active_name'])};
my $cancel = 'select elile_optimize.cancel_index_builds()';
my $states = q{select string_agg(schema_name || ' ' || state, ', ' order by schema_name) from elile_optimize.index_builds where state in ('queued', 'building')};

sub state_of { my ($role) = @_; return qq{select state from elile_optimize.index_builds where schema_name = 'of_$role' order by requested_at desc limit 1} }

# Paused by somebody who is active, so that what is asked for stays queued. The pause ends with the
# session: a build would wait for its snapshot.
sub pause
{
    my $sleeper = Session->new($node);
    set('index_build_max_active', 0);
    $sleeper->tell('select pg_sleep(600)');
    comes('somebody is active', q{select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'}, '1');
    return $sleeper;
}

sub go_on
{
    my ($sleeper) = @_;
    set('index_build_max_active', -1);
    ask(q{select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'});
    $sleeper->close;
    return;
}

my $sleeper = pause();
is($as{$_}->ask($build), '1', "$_ has a build queued") foreach 'ann', 'bob';
$as{ann}->ask('begin');
is($as{ann}->ask($cancel), '1', 'ann cancels hers');
comes('no row stays locked meanwhile', 'with free as (select from elile_optimize.index_build_journal for update skip locked) select count(*) from free', '2');
is(ask($states), 'of_ann queued, of_bob queued', 'until the transaction ends nothing is cancelled');
go_on($sleeper);
comes("bob's is built while ann's transaction is idle", state_of('bob'), 'done');
comes("so is ann's", state_of('ann'), 'done');
$as{ann}->ask('commit');
is($as{ann}->{err}, '', 'what has ended is not cancelled any more, without an error');
is(ask(state_of('ann')), 'done', 'and stays what it is');

# Savepoints and an abort.
ask('drop index of_ann.idx_tenants_active_name, of_bob.idx_tenants_active_name');
$sleeper = pause();
is($as{ann}->ask($build), '1', 'queued again');
$as{ann}->ask("begin; savepoint a; savepoint b; $cancel; release b; rollback to a; commit");
is(ask(state_of('ann')), 'queued', 'rolled back to a savepoint: not cancelled');
$as{ann}->ask("begin; $cancel; rollback");
is(ask(state_of('ann')), 'queued', 'rolled back: not cancelled');
like($as{ann}->ask("begin; $cancel; prepare transaction 'p'") . $as{ann}->{err}, qr/cannot prepare a transaction that has queued or cancelled index builds/, 'nor prepared');
$as{ann}->ask('rollback');
$as{bob}->ask($cancel);
like($as{bob}->{err}, qr/permission denied to cancel index builds of other roles/, 'and not by bob');
is($as{ann}->ask("begin; savepoint a; $cancel; release a; $cancel; commit"), "1\n0", 'she cancels it, and only once');
is(ask(state_of('ann')), 'cancelled', 'released and committed: cancelled');

# A running build, whose slot another one waits for.
go_on($sleeper);
my $writer = Session->new($node);
$writer->ask('begin; lock table of_ann.tenants in row exclusive mode');
is($as{ann}->ask($build), '1', 'ann asks again');
comes('hers is at work', q{select phase from elile_optimize.index_builds where schema_name = 'of_ann' order by requested_at desc limit 1}, 'waiting for writers before build');
$as{ann}->ask("begin; $cancel");
is($as{bob}->ask($build), '1', 'bob asks meanwhile');
$writer->ask('commit');
comes("bob's is built once hers is through, which her open transaction does not hold up", state_of('bob'), 'done');
is(ask(state_of('ann')), 'done', 'hers was');
$as{ann}->ask('rollback');

# And one that is cancelled in time leaves nothing.
ask('drop index of_ann.idx_tenants_active_name');
$writer->ask('begin; lock table of_ann.tenants in row exclusive mode');
$as{ann}->ask($build);
comes('at work again', q{select phase from elile_optimize.index_builds where schema_name = 'of_ann' order by requested_at desc limit 1}, 'waiting for writers before build');
is($as{ann}->ask($cancel), '1', 'cancelled');
comes('its builder hears of it', q{select phase from elile_optimize.index_builds where schema_name = 'of_ann' order by requested_at desc limit 1}, 'removing the unfinished index');
$writer->ask('commit');
comes('it ends', state_of('ann'), 'cancelled');
is(ask('select count(*) from pg_index where not indisvalid'), '0', 'and leaves nothing');
$_->close foreach $writer, values %as;
$node->stop;
done_testing();

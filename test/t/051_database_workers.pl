# Workers that do what is due in a database: at most two, none kept, and those that hang at what is slow hold
# no failed statement's plan back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use List::Util qw(max);
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Session;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
autovacuum = off
log_min_error_statement = panic
log_statement = none
elile_optimize.slow_query_threshold = 0
elile_optimize.enable_query_logging = off
});
$node->start;
my @hung = qw(hung1 hung2);
my @bases = map { "base$_" } 1 .. 4;
foreach my $database ('postgres', @hung, @bases, 'gone')
{
    $node->safe_psql('postgres', "create database $database") if $database ne 'postgres';
    $node->safe_psql($database, 'create extension elile_optimize; create table item (id int); insert into item values (1)');
}
my $failing = 'select 1 / (id - id) from item';

sub children
{
    my ($name) = @_;
    return grep { read_file("/proc/$_/cmdline") =~ /elile_optimize $name/ } children_of(postmaster_of($node));
}
sub workers { return children('database worker') }

# Without metrics nothing is collected.
my $port = PostgreSQL::Test::Cluster::get_free_port();
sub collect
{
    $node->append_conf('postgresql.conf', "elile_optimize.metrics_port = $port");
    $node->reload;
    return;
}

# Those that wait for a lock which somebody holds.
my $watcher;
my $hanging = q{select pid from pg_stat_activity
    where backend_type = 'elile_optimize database worker' and query = 'index statistics' and wait_event_type = 'Lock'};

# They wait half a second for that lock, and are stopped in this time: they hang until they are let. Databases are
# looked at again when something has been counted there.
sub stop_hanging
{
    my @lockers = @_;
    my @stopped;
    poll(sub {
            $_->ask('select count(*) from item') foreach @lockers;
            my @pids = split /\n/, $watcher->ask($hanging);
            kill 'STOP', @pids;
            poll(sub { !grep { ((state_of($_))[0] // 'Z') !~ /[TZ]/ } @pids });
            push @stopped, grep { ((state_of($_))[0] // '') eq 'T' } @pids;
            return @stopped;
    });
    return @stopped;
}

# What is held is looked up by each collection.
sub hold
{
    return map {
        my $locker = Session->new($node, database => $_);
        $locker->ask('begin; lock table pg_extension; select count(*) from item');
        $locker } @_;
}

sub has_plan
{
    my ($database, $plans) = @_;
    return $watcher->ask("select count(plan) from elile_optimize.slow_queries where datname = '$database' and sqlstate = '22012'") eq $plans;
}

# Two databases in which a collection hangs; one is due in the others too.
$watcher = Session->new($node);
my @lockers = hold(@hung);
collect();
my @stopped = stop_hanging(@lockers);
is(scalar @stopped, 1, 'one collection of index statistics hangs, no other one begins');
foreach my $database (@hung, 'postgres', $hung[0])
{
    my $plans = $watcher->ask("select count(plan) + 1 from elile_optimize.slow_queries where datname = '$database' and sqlstate = '22012'");
    $node->psql($database, $failing . ' -- ' . $plans . ', ' . '1' x $plans);
    ok(poll(sub { has_plan($database, $plans) }), "a plan of $database");
}
is(join(' ', map { (state_of($_))[0] // 'gone' } @stopped), 'T', 'while that one hangs');

# Ended, it gives its place to another one.
kill 'TERM', @stopped;
kill 'CONT', @stopped;
ok(poll(sub { !grep { defined((state_of($_))[0]) } @stopped }), 'it ends when it is told to');
ok(poll(sub { my ($pid) = split /\n/, $watcher->ask($hanging); $pid && $pid ne $stopped[0] }), 'and another one begins');
$_->close foreach @lockers;

# All that connect hang: of all that is due in many databases two are at work.
ok(poll(sub { !workers() }), 'no worker is left when nothing is due');
$watcher->ask('select elile_optimize.reset()');
my @sessions = map { Session->new($node, database => $_) } @bases;
my $holder = Session->new($node);
$holder->ask('begin; lock table pg_db_role_setting');
$_->ask($failing) foreach @sessions;
my $most = 0;
ok(poll(sub { $most = max($most, scalar workers()); $most >= 2 }), 'two workers begin');
for (1 .. 20)
{
    $most = max($most, scalar workers());
    usleep(20_000);  # a third one would show within this loop
}
is($most, 2, 'and no more');
$holder->ask('rollback');
foreach my $database (@bases)
{
    ok(poll(sub { has_plan($database, 1) }), "the plan of $database comes afterwards");
}
$_->close foreach @sessions;

# A database that goes takes its plan along, which is counted.
my $lost = $watcher->ask(q{select plans_lost_by_reason -> 'no_worker' from elile_optimize.info});
my $session = Session->new($node, database => 'gone');
my $dropper = Session->new($node);
my $dropper_pid = $dropper->ask('select pg_backend_pid()');
$holder->ask('begin; lock table pg_db_role_setting');
$session->ask($failing);
ok(poll(sub { workers() }), 'a worker begins');
$session->close;
$dropper->tell('drop database gone');
ok(poll(sub { $watcher->ask("select count(*) from pg_locks where pid = $dropper_pid and relation = 'pg_db_role_setting'::regclass and not granted") }),
    'its database goes meanwhile');
$holder->ask('rollback');
$dropper->ask('select 1');
is($dropper->{err}, '', 'and is dropped');
ok(poll(sub { $watcher->ask(q{select plans_lost_by_reason -> 'no_worker' from elile_optimize.info}) == $lost + 1 }),
    'the plan is counted as lost');
ok(poll(sub { !workers() }), 'no worker is left');
$_->close foreach ($holder, $dropper, $watcher);

# The server's launcher has the first place, the keeper the second, the saver the third, and what hangs the fourth. After
# a start builds are looked for, which would wait for what is held, too.
$node->append_conf('postgresql.conf', "max_worker_processes = 4\nelile_optimize.metrics_port = 0\nlog_min_messages = debug1");
my $from = -s $node->logfile;
$node->restart;
my $databases = $node->safe_psql('postgres', 'select count(*) from pg_database where datallowconn');
ok(poll(sub {
            my @coordinators = slurp_file($node->logfile, $from) =~ /starting background worker process "elile_optimize build coordinator"/g;
            return @coordinators >= $databases && !children('build') }), 'four workers, and builds were looked for');
$watcher = Session->new($node);
@lockers = hold($hung[0]);
collect();
@stopped = stop_hanging(@lockers);
is(scalar @stopped, 1, 'the last worker hangs');
$node->psql('postgres', $failing);
is(scalar workers(), 1, 'there is no other one');
ok(has_plan('postgres', 0), 'so the plan waits');
kill 'CONT', @stopped;
ok(poll(sub { has_plan('postgres', 1) }), 'and comes when a worker can be had');
$_->close foreach (@lockers, $watcher);
$node->stop;
unlike(slurp_file($node->logfile), qr/TRAP|PANIC|signal \d+:/, 'nothing crashed');
done_testing();

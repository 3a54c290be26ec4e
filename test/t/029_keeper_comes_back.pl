# However the keeper or a worker of its is ended, it comes back, and nothing waits for ever. Where there
# is no room for a keeper, that is said.
use strict;
use warnings;
use Config;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Session;
use Test::More;

my $postmaster = 0;  # that this test has started itself

sub happens
{
    my ($what, $condition) = @_;
    return ok(poll($condition, undef, 0.05), $what);
}

# A client that is refused ends, perhaps before it has read the query: then writing that dies of a broken pipe.
sub answers
{
    my ($node, $query, $wanted, $database) = @_;
    my ($status, $out) = eval { $node->psql($database // 'postgres', $query) };
    return defined $status && $status == 0 && $out eq $wanted;
}

END
{
    my $exit_code = $?;
    kill 'QUIT', $postmaster if $postmaster;
    $? = $exit_code;
}

sub is_gone { return !defined((state_of($_[0]))[0]) }

my $state = 'select state from elile_optimize.info';
my $serves = 'select exporter_state from elile_optimize.info';

# The keeper is another than before, its exporter too, and both work.
sub comes_back
{
    my ($node, $how, $keeper, $exporter) = @_;
    happens("$how: another keeper", sub { my $now = keeper_of($node); defined $now && $now != $keeper });
    happens("$how: its exporter has ended", sub { is_gone($exporter) });
    happens("$how: another exporter serves", sub { exporters_of($node) && answers($node, $serves, 'listening') });
    happens("$how: ready", sub { answers($node, $state, 'ready') });
    return;
}

sub processes_of
{
    my ($node) = @_;
    happens('a keeper', sub { keeper_of($node) });
    happens('an exporter', sub { exporters_of($node) && answers($node, $serves, 'listening') });
    return (keeper_of($node), exporters_of($node));
}

sub crash
{
    my ($node) = @_;
    my $victim = Session->new($node);
    my $from = -s $node->logfile;
    kill 'KILL', $victim->ask('select pg_backend_pid()');
    $node->wait_for_log(qr/database system is ready to accept connections/, $from);
    $victim->close;
    return;
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
restart_after_crash = on
elile_optimize.inline_index_limit = 0
elile_optimize.index_build_retry_delay = 0
elile_optimize.metrics_port = } . PostgreSQL::Test::Cluster::get_free_port() . "\n");
$node->start;
$node->psql('postgres', 'create extension elile_optimize; create table item (id int)');

my $calls = q{select sum(calls) from elile_optimize.table_operations where table_name = 'item'};
my $session = Session->new($node);
my $inserts = 0;
for my $how ('SIGTERM', 'SIGTERM again')
{
    my ($keeper, $exporter) = processes_of($node);
    kill 'TERM', $keeper;
    $session->ask('insert into item values (1)');
    $inserts++;
    comes_back($node, $how, $keeper, $exporter);
    is($session->ask($calls), $inserts, "$how: the session has gone on and is counted");
}

note 'pg_terminate_backend';
my ($keeper, $exporter) = processes_of($node);
my $done = $session->ask("select pg_terminate_backend($keeper)");
comes_back($node, 'pg_terminate_backend', $keeper, $exporter) if $done eq 't';
is(keeper_of($node), $keeper, 'it is none of those that it ends') if $done ne 't';

note 'signals that are not meant to end it';
($keeper, $exporter) = processes_of($node);
kill $_, $keeper for qw(INT HUP USR1 USR2);
$node->append_conf('postgresql.conf', 'elile_optimize.metrics_port = 0');
$node->reload;
happens('SIGHUP: it takes a setting', sub { is_gone($exporter) && answers($node, $serves, 'off') });
is(keeper_of($node), $keeper, 'it is the same');
$node->append_conf('postgresql.conf', 'elile_optimize.metrics_port = ' . PostgreSQL::Test::Cluster::get_free_port());
$node->reload;

note 'crashes';
crash($node);
happens('a crash after all that is repaired', sub { answers($node, $state, 'ready') });
is($node->safe_psql('postgres', $calls), $inserts, 'with what was counted');
for my $signal (qw(QUIT KILL))
{
    ($keeper, $exporter) = processes_of($node);
    kill $signal, $keeper;
    comes_back($node, "SIG$signal", $keeper, $exporter);
}
($keeper, $exporter) = processes_of($node);
kill 'TERM', $keeper;
crash($node);
comes_back($node, 'SIGTERM just before a crash', $keeper, $exporter);

note 'shutdown';
for my $mode (qw(fast smart))
{
    ($keeper, $exporter) = processes_of($node);
    my $from = -s $node->logfile;
    $node->stop($mode);
    ok(is_gone($keeper) && is_gone($exporter), "stop -m $mode leaves neither");
    # The server writes its last line after it has taken its pid file away.
    $node->wait_for_log(qr/database system is shut down/, $from);
    my $said = substr(slurp_file($node->logfile), $from);
    unlike($said, qr/elile_optimize keeper|WARNING|signal/, "stop -m $mode is no event of the keeper's");
    $node->start;
}

note 'workers that build';
my $schema = slurp_file("$FindBin::RealBin/workload/schema.sql");
my $index = 'idx_entities_canonical_identifiers_gin';
my $built = "select count(*) from pg_index where indexrelid = to_regclass('$index') and indisvalid";
$node->safe_psql('postgres', 'create database builds');
$node->psql('builds', "$schema; create extension elile_optimize cascade");

# What the postmaster has read its new processes have.
sub set_most_active
{
    my ($most) = @_;
    $node->append_conf('postgresql.conf', "elile_optimize.index_build_max_active = $most");
    $node->reload;
    return happens("builds wait above $most active sessions",
        sub { answers($node, 'show elile_optimize.index_build_max_active', $most) });
}

sub coordinators
{
    return grep { read_file("/proc/$_/cmdline") =~ /elile_optimize build coordinator/ } children_of(postmaster_of($node));
}

# It has taken a place on the board, and waits to write so into the journal: who waits for the table gets
# it with the commit, before any coordinator can have begun.
my $asker = Session->new($node, database => 'builds');
my $locker = Session->new($node, database => 'builds');
$asker->ask("begin; select elile_optimize.build_indexes(array['$index'])");
$locker->tell('begin; lock table elile_optimize.index_build_journal in share mode');
happens('somebody waits for the journal', sub { answers($node,
            q{select count(*) from pg_locks where relation = 'elile_optimize.index_build_journal'::regclass and not granted}, '1', 'builds') });
$asker->ask('commit');
my $pid = '';
happens('a coordinator waits', sub {
        $pid = $node->safe_psql('postgres', q{select pid from pg_stat_activity
            where backend_type = 'elile_optimize build coordinator' and datname = 'builds' and wait_event_type = 'Lock'});
        return $pid ne '';
});
$node->safe_psql('postgres', "select pg_terminate_backend($pid)");
happens('it has ended', sub { is_gone($pid) });
$_->close for $locker, $asker;
happens('a build whose coordinator was ended is built', sub { answers($node, $built, '1', 'builds') });

# It cannot connect: somebody holds the database. It may not leave the build to nobody.
happens('no coordinator', sub { !coordinators() });
$node->safe_psql('builds', "drop index $index");
set_most_active(0);
my $active = Session->new($node);
$active->tell('select pg_sleep(3600)');
happens('a session is active', sub { answers($node, q{select count(*) from pg_stat_activity
    where wait_event = 'PgSleep'}, '1') });
$node->safe_psql('builds', "select elile_optimize.build_indexes(array['$index'])");
my $renamer = Session->new($node);
happens('the database is held', sub {
        $renamer->ask('rollback; begin');
        $renamer->ask('alter database builds rename to held');
        return $renamer->{err} !~ /ERROR/;
});
my $blocked;
happens('a coordinator cannot connect', sub { ($blocked) = coordinators(); $blocked });
kill 'TERM', $blocked;
happens('it has ended, too', sub { is_gone($blocked) });
$renamer->ask('rollback');
$renamer->close;
set_most_active(-1);
$node->safe_psql('postgres', q{select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'});
$active->close;
happens('a build whose coordinator could not connect is built', sub { answers($node, $built, '1', 'builds') });

# A build goes on without the keeper and its coordinator.
$node->safe_psql('builds', "drop index $index");
my $reader = Session->new($node, database => 'builds');
$reader->ask('begin isolation level repeatable read; select count(*) from entities');
$node->safe_psql('builds', "select elile_optimize.build_indexes(array['$index'])");
happens('a build is at work', sub { answers($node, q{select state from elile_optimize.index_builds limit 1}, 'building', 'builds') });
$keeper = keeper_of($node);
kill 'TERM', $keeper, coordinators();
happens('another keeper', sub { my $now = keeper_of($node); defined $now && $now != $keeper });
$reader->close;
happens('the build ends well', sub { answers($node, $built, '1', 'builds') });
happens('and is done', sub { answers($node, q{select state from elile_optimize.index_builds limit 1}, 'done', 'builds') });
$session->close;
$node->stop;

# The children of a process that ends go to the postmaster where that is the first process of a
# container. It takes the end of one by a signal for a crash.
my %prctl = (x86_64 => 157, aarch64 => 167);
my ($architecture) = $Config{archname} =~ /^(x86_64|aarch64)/;
SKIP:
{
    skip 'not tried on this machine', 1 unless defined $architecture;
    my $from = -s $node->logfile;
    my $set_child_subreaper = 36;
    $postmaster = fork();
    if ($postmaster == 0)
    {
        open STDOUT, '>>', $node->logfile;
        open STDERR, '>&', \*STDOUT;
        syscall($prctl{$architecture}, $set_child_subreaper, 1, 0, 0, 0);
        exec('postgres', '-D', $node->data_dir) or kill 'KILL', $$;
    }
    happens('the server runs', sub { answers($node, 'select 1', '1') });
    my $client = Session->new($node);
    ($keeper, $exporter) = processes_of($node);
    kill 'TERM', $keeper;
    comes_back($node, 'in a container', $keeper, $exporter);
    is($client->ask('select 1'), '1', 'in a container: the session goes on');
    $client->close;
    processes_of($node);
    kill 'INT', $postmaster;
    waitpid $postmaster, 0;
    $postmaster = 0;
    is($?, 0, 'in a container: the postmaster ends well');
    my $said = substr(slurp_file($node->logfile), $from);
    unlike($said, qr/by signal|abnormal/, 'in a container: no child has crashed');
}

note 'no room for a keeper';
my $lone = PostgreSQL::Test::Cluster->new('lone');
$lone->init;
$lone->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
restart_after_crash = on
max_worker_processes = 0
elile_optimize.metrics_port = } . PostgreSQL::Test::Cluster::get_free_port() . "\n");
$lone->start;
like(slurp_file($lone->logfile), qr/WARNING:  elile_optimize has no keeper: max_worker_processes is too small/, 'the log says so');
$lone->safe_psql('postgres', 'create extension elile_optimize; create table item (id int); insert into item values (1)');
happens('info says so', sub { answers($lone, $state, 'counting, but no keeper is at work: see the server log') });
is($lone->safe_psql('postgres', $serves), 'off', 'no exporter');
is($lone->safe_psql('postgres', $calls), '1', 'sessions are counted');
crash($lone);
is($lone->safe_psql('postgres', $state), 'not repaired after a crash, for no keeper is at work: nothing is counted', 'info says so after a crash');
$lone->safe_psql('postgres', 'insert into item values (1)');
my ($status, $out, $err) = $lone->psql('postgres', $calls);
like($err, qr/ERROR:  what elile_optimize has counted is not repaired yet after a crash/, 'what was counted cannot be read then');
is($lone->safe_psql('postgres', 'select not_ready > 0 from elile_optimize.info'), 't', 'and what runs is not counted, which is');
$lone->stop;
done_testing();

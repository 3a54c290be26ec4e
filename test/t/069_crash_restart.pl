# A server that is killed has lost at most what was counted since the last save, and Prometheus is told of no work that
# was not done.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<"EOF");
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.save_interval = 1s
restart_after_crash = on
autovacuum = off
EOF
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create table item (id int)');

sub ask { return $node->safe_psql('postgres', $_[0]); }
sub counter
{
    my $answer = HTTP::Tiny->new(timeout => 60)->get("http://127.0.0.1:$port/metrics");
    return $answer->{content} =~ /^elile_db_queries_total\{[^}]*operation="insert"[^}]*table="item"[^}]*\} (\d+)/m ? $1 : undef;
}
my $inserted = q{select coalesce(sum(calls), 0) from elile_optimize.table_operations where table_name = 'item' and operation = 'insert'};
# What was counted until now is saved when a save has begun since.
sub is_saved
{
    my $now = ask('select clock_timestamp()');
    return Patience::poll(sub { ask("select last_saved_at > '$now' from elile_optimize.info") eq 't' });
}

# As Prometheus does it: what falls has begun again from zero.
my ($increase, $last, $resets) = (0, undef, 0);
sub scrape
{
    my $value = counter();
    return if !defined $value;
    if (defined $last)
    {
        $resets += $value < $last;
        $increase += $value < $last ? $value : $value - $last;
    }
    $last = $value;
    return;
}

my ($ran, $first) = (0, undef);
sub run
{
    my ($times) = @_;
    $node->safe_psql('postgres', 'insert into item values (1);' x $times);
    $ran += $times;
    return;
}

run(10);
Patience::poll(sub { defined counter() });
scrape();
$first = $last;
for my $round (1 .. 6)
{
    run(20);
    ok(is_saved(), "round $round: saved");
    my $safe = ask($inserted);
    scrape();
    run(5 * $round);
    scrape();
    my $most = ask($inserted);
    if ($round % 2) { $node->stop('immediate'); }
    else
    {
        my $postmaster = Processes::postmaster_of($node);
        kill 'KILL', $postmaster, Processes::children_of($postmaster);
        $node->stop('immediate', fail_ok => 1);
    }
    $node->start;
    ok(Patience::poll(sub { ask('select restored_from from elile_optimize.info') eq 'crash' }), 'what came back was saved before a crash');
    my $came = ask($inserted);
    cmp_ok($came, '>=', $safe, "what was saved is there: $safe of at most $most");
    cmp_ok($came, '<=', $most, 'and nothing else');
    run(3);
    Patience::poll(sub { (counter() // 0) >= 3 });
    scrape();
    is(ask($inserted), $came + 3, 'counting goes on');
}
cmp_ok($increase, '<=', $ran - $first, "increase() over it all, $increase, is not above the " . ($ran - $first) . ' that ran');
cmp_ok($resets, '<=', 6, 'and resets() at most one for each crash');

# A process that crashes is another thing: the memory lives on.
my $before = ask($inserted);
my $session = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', 'select pg_sleep(600)' ], '>', \my $out, '2>', \my $err);
my $pid;
Patience::poll(sub { $pid = ask(q{select pid from pg_stat_activity where query = 'select pg_sleep(600)'}) });
my $from = -s $node->logfile;
kill 'KILL', $pid;
eval { $session->finish };
$node->wait_for_log(qr/database system is ready to accept connections/, $from);
ok($node->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}), 'repaired after the crash of a session');
is(ask($inserted), $before, 'nothing is lost by the crash of a session, saved or not');
is(ask('select restored_from from elile_optimize.info'), 'crash', 'and nothing was restored again');

# The saver itself may be killed by its user.
is(ask(q{select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'elile_optimize saver'}), '', 'the saver is no session');
$node->append_conf('postgresql.conf', 'elile_optimize.save_interval = 0');
$node->reload;
run(7);
my $all = ask($inserted);
$node->restart;
ok(Patience::poll(sub { ask('select restored_from from elile_optimize.info') eq 'clean' }), 'without an interval it saves at shutdown');
is(ask($inserted), $all, 'and all of it');
$node->stop;
done_testing();

# Advice against known truth: workloads that were made to be one thing each are told to be that and
# no other. They wait rather than work, so that a slow machine does not change what they are.
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
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->append_conf('postgresql.conf', 'max_connections = 100');
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize;
	create role app login; create role limited login connection limit 4');
my $dir = PostgreSQL::Test::Utils::tempdir_short();

my %scripts = (
    brief => "select pg_sleep(0.02);\n",
    # At random, or all clients would come at once.
    rare => "\\set pause random(50, 1500)\n\\sleep :pause ms\nselect pg_sleep(0.02);\n",
    short => "select pg_sleep(0.05);\n\\sleep 100 ms\n",
    forgetful => "begin;\nselect 1;\n\\sleep 20 s\nend;\n",
    polite => "begin;\nselect pg_sleep(0.1);\n\\sleep 1 s\nselect pg_sleep(0.1);\nend;\n");
append_to_file("$dir/$_.sql", $scripts{$_}) foreach keys %scripts;

my @runs;

sub run_pgbench
{
    my ($name, $script, $clients, %options) = @_;
    my ($in, $out) = ('', '');
    my $user = $options{user} // 'app';
    my $host = $options{host} // $node->host;
    my $port = $options{port} // $node->port;
    push @runs, IPC::Run::start(
        [ 'pgbench', '-n', '-c', $clients, '-T', 600, '-f', "$dir/$script.sql", @{ $options{more} // [] },
            "host=$host port=$port user=$user dbname=postgres application_name=$name" ],
        '<', \$in, '>&', \$out);
    return;
}

# A pooler whose pool is too small for those who come, where its program is installed.
my ($bouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
my $bouncer_port;
if (defined $bouncer)
{
    $bouncer_port = PostgreSQL::Test::Cluster::get_free_port();
    my ($host, $port) = ($node->host, $node->port);
    append_to_file("$dir/users", qq("app" ""\n"postgres" ""\n));
    append_to_file("$dir/bouncer.ini", <<"INI");
[databases]
postgres = host=$host port=$port
[pgbouncer]
unix_socket_dir = $dir
listen_port = $bouncer_port
auth_type = trust
auth_file = $dir/users
admin_users = postgres
pool_mode = transaction
default_pool_size = 3
INI
    my ($in, $out) = ('', '');
    push @runs, IPC::Run::start([ $bouncer, "$dir/bouncer.ini" ], '<', \$in, '>&', \$out);
}

run_pgbench('right', 'brief', 6);
run_pgbench('large', 'rare', 12);
run_pgbench('churn', 'short', 2, more => ['-C']);
run_pgbench('idle', 'forgetful', 3);
run_pgbench('held', 'polite', 3);
run_pgbench('refused', 'brief', 4, user => 'limited');
my %expected = (
    right => 'right-sized', large => 'too large', churn => 'churn without a pool',
    idle => 'idle in transaction', held => 'idle in transaction', refused => 'too small');
my $admin;
if (defined $bouncer)
{
    poll(sub { eval { $admin = bouncer_pools(); 1 } }) or die 'no pooler';
    run_pgbench('waiting', 'brief', 9, host => $dir, port => $bouncer_port);
    $expected{waiting} = 'too small';
}

# How many clients of the pooler wait.
sub bouncer_pools
{
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'psql', '-XAtq', '-d', "host=$dir port=$bouncer_port user=postgres dbname=pgbouncer",
            '-c', 'show pools' ], '>', \$out, '2>', \$err) or die $err;
    my ($row) = grep { /^postgres\|app\|/ } split /\n/, $out;
    return (split /\|/, $row // '')[3] // 0;
}

my $names = join(',', map { "'$_'" } sort keys %expected);
my $session = Session->new($node);
poll(sub { $session->ask("select count(*) from elile_optimize.pool_statistics where application_name in ($names)")
            == keys %expected }) or die 'no workloads';
like($session->ask(qq{select finding, recommended_pool_size, explanation from elile_optimize.pool_advice
	where application_name = 'right'}), qr/^not enough seen\|\|\d+ of the 300 looks/, 'nothing before enough was seen');

# The operator tells who waits; sessions beyond the limit are refused.
my %found;
poll(sub {
        if (defined $bouncer)
        {
            my $waiting = bouncer_pools();
            $session->ask("select elile_optimize.set_clients_waiting($waiting, 'waiting')");
        }
        run_command([ 'psql', '-X', '-d', $node->connstr('postgres') . ' user=limited application_name=refused', '-c', 'select 1' ]);
        %found = map { split /\|/ } split /\n/, $session->ask(
            "select application_name, finding from elile_optimize.pool_advice where application_name in ($names)");
        return !grep { $_ eq 'not enough seen' } values %found;
}, 3 * $PostgreSQL::Test::Utils::timeout_default, 0.9) or die 'no advice';
note($session->ask("select application_name, observed_concurrency, recommended_pool_size, recommended_max_overflow, finding, explanation from elile_optimize.pool_advice"));
is_deeply(\%found, \%expected, 'each workload has its finding');

sub advice
{
    my ($columns, $name) = @_;
    return $session->ask("select $columns from elile_optimize.pool_advice where application_name = '$name'");
}
is(advice('recommended_pool_size, recommended_max_overflow', 'right'), '6|1', 'the size of the right one');
is(advice('observed_concurrency between 5 and 6', 'right'), 't', 'its concurrency');
cmp_ok(advice('recommended_pool_size', 'large'), '<=', 6, 'of the large one');
is(advice('recommended_pool_size', 'waiting'), 9, 'all who wait would have a connection') if defined $bouncer;
like(advice('explanation', 'refused'), qr/connections a minute were refused, .* as many as CONNECTION LIMIT 4 of role "limited" lets in/,
    'the limit is named');
like(advice('explanation', 'idle'), qr/% of the time in use went by idle in a transaction/, 'of the idle one');
like(advice('explanation', 'held'), qr/\b[789]\d % of the time in use went by idle in a transaction/, 'of the one that is held');
like(advice('explanation', 'churn'), qr/opened \d+\.\d a second, which lived 0\.\d\d s/, 'of the one without a pool');
cmp_ok($session->ask('select connections_refused from elile_optimize.info'), '>', 5, 'refusals are counted');
is($session->ask(q{select invalid from elile_optimize.pool_statistics where application_name = 'right'}), 0, 'none is invalid');

# A size that the application tells is what counts.
$session->ask(q{set application_name = 'right'; select elile_optimize.set_connection_pool_size(60)});
is(advice("finding, explanation ~ '60 connections, as the application told'", 'right') =~ s/\n.*//sr,
    'too large|t', 'a size that was told');

# All maxima at once are more than the server has.
$session->ask(q{set application_name = 'large'; select elile_optimize.set_connection_pool_size(60)});
is($session->ask(q{select finding, explanation ~ 'pools may take 1\d\d connections together' from elile_optimize.pool_advice
	where datname is null}), 'above max_connections|t', 'all pools together');

# What was seen outlives the crash of a session.
$session->ask(q{select elile_optimize.set_connection_pool_size(12)});
$session->close;
my $before = $node->safe_psql('postgres', q{select finding from elile_optimize.pool_advice where application_name = 'churn'});
is($before, 'churn without a pool', 'before');
foreach my $run (@runs)
{
    $run->kill_kill;
}
my $victim = Session->new($node);
my $pid = $victim->ask('select pg_backend_pid()');
my $from = -s $node->logfile;
kill 'KILL', $pid;
$node->wait_for_log(qr/database system is ready to accept connections/, $from);
$node->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}) or die 'no repair';
is($node->safe_psql('postgres', q{select finding from elile_optimize.pool_advice where application_name = 'churn'}),
    'churn without a pool', 'a crash forgets nothing');
$node->safe_psql('postgres', 'select elile_optimize.reset()');
is($node->safe_psql('postgres', q{select count(*) from elile_optimize.pool_advice
	where finding not in ('not enough seen')}), '0', 'reset() does');

done_testing();

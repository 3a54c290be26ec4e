# What pgbouncer_config() makes: PgBouncer starts with it, and behaves as the preset says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use IPC::Run;
use Patience;
use PgBouncer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'there is no pgbouncer' if !PgBouncer::is_there();

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->start;
my $odd = q{da ta'"base};
$node->safe_psql('postgres', q{create extension elile_optimize; create role app login; create database "da ta'""base"});
my $nap = PostgreSQL::Test::Utils::tempdir() . '/nap.sql';
append_to_file($nap, "select pg_advisory_xact_lock_shared(42);\nselect pg_sleep(0.1);\n");

sub number { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# Through PgBouncer as app: output and errors.
sub ask
{
    my ($bouncer, $sql, $database) = @_;
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'psql', '-XAtq', '-d', $bouncer->connstr($database // 'postgres', 'app'), '-c', $sql ],
        '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    chomp $out;
    return wantarray ? ($out, $err) : $out;
}

sub pool { my ($bouncer) = @_; return (grep { $_->{user} eq 'app' } $bouncer->show('pools'))[0]; }

# pgbench with so many clients; the most server connections and the most waiting clients seen. A lock holds its
# statements until there are as many connections as are wanted.
sub bench
{
    my ($bouncer, $clients, $wanted) = @_;
    my $holder = $node->background_psql('postgres');
    $holder->query_safe('select pg_advisory_lock(42)');
    my ($servers, $waiting, $out, $err) = (0, 0, '', '');
    my $look = sub {
        my $pool = pool($bouncer) or return;
        my $open = 0;
        $open += $pool->{$_} for qw(sv_active sv_idle sv_used sv_tested);
        $servers = $open if $open > $servers;
        $waiting = $pool->{cl_waiting} if $pool->{cl_waiting} > $waiting;
    };
    my $run = IPC::Run::start(
        [ 'pgbench', '-n', '-M', 'simple', '-c', $clients, '-t', 4, '-f', $nap, $bouncer->connstr('postgres', 'app') ],
        '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    poll(sub { $look->(); return $servers >= $wanted }, 60, 0.02);
    $holder->quit;
    poll(sub { $look->(); $run->pump_nb; return !$run->pumpable }, undef, 0.02);
    $look->();
    $run->finish;
    like($out, qr/processed: (\d+)\/\1\b/, "$clients clients: all transactions") or diag($err);
    return ($servers, $waiting);
}

for my $environment (qw(production development testing))
{
    my ($size, $overflow, $pings, $recycle, $timeout, $echoes) = split /\|/,
        number("select pool_size, max_overflow, pool_pre_ping, pool_recycle_seconds, pool_timeout_seconds, echo_pool
        from elile_optimize.pool_config('$environment')");
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    my $bouncer = PgBouncer->start($node, "'$environment', 'postgres'", 'app');
    like($bouncer->log, qr/process up/, "$environment: it starts");
    unlike($bouncer->log, qr/WARNING|ERROR|FATAL/, "$environment: without a warning");

    my %config = map { $_->{key} => $_->{value} } $bouncer->show('config');
    my %wanted = (
        default_pool_size => $size,
        reserve_pool_size => $overflow,
        server_lifetime => $recycle,
        query_wait_timeout => $timeout,
        server_check_query => $pings eq 't' ? 'select 1' : '',
        log_connections => $echoes eq 't' ? 1 : 0,
        application_name_add_host => 0,
        pool_mode => 'transaction');
    is_deeply({ map { $_ => $config{$_} } keys %wanted }, \%wanted, "$environment: SHOW CONFIG");
    cmp_ok($config{max_client_conn}, '>=', 3 * ($size + $overflow), "$environment: room for clients");

    for my $times (1 .. 3)
    {
        my $wanted = $times == 1 ? $size : $size + $overflow;
        my ($servers, $waiting) = bench($bouncer, $times * $size, $wanted);
        is($servers, $wanted, "$environment: connections at $times times the size");
        ok($waiting > 0, "$environment: clients wait at $times times the size") if $times == 3;
    }
    is(number(q{select coalesce(sum(calls), 0) > 0 from elile_optimize.statements
            where query = 'select $1' and userid = 'app'::regrole}),
        $pings, "$environment: connections are tried before use");
    $bouncer->stop;
}

# Applications are told apart; what drivers send as they connect is taken. PgBouncer's own short names
# of databases with odd ones.
my $bouncer = PgBouncer->start($node, "'development', '" . $odd =~ s/'/''/gr . q{'}, 'app');
unlike($bouncer->log, qr/WARNING|ERROR|FATAL/, 'an odd name: without a warning');
{
    local $ENV{PGAPPNAME} = 'billing';
    local $ENV{PGOPTIONS} = '-c statement_timeout=1s';
    is(ask($bouncer, q{select current_database(), current_setting('application_name')}, 'da_ta__base'),
        "$odd|billing", 'an odd name, and the application');
}
$bouncer->stop;

# Exhaustion: 2 + 1 connections are held, the fourth client waits, and is told so after a second.
$bouncer = PgBouncer->start($node, "'production', 'postgres', pool_size => 2, max_overflow => 1, pool_timeout_seconds => 1", 'app');
my @held = map {
    IPC::Run::start([ 'psql', '-XAtq', '-d', $bouncer->connstr('postgres', 'app'), '-c', 'select pg_sleep(60)' ],
        '<', \undef, '>', \my $out, '2>', \my $err)
} 1 .. 3;
ok($node->poll_query_until('postgres',
        q{select count(*) = 3 from pg_stat_activity where usename = 'app' and state = 'active' and query ~ 'sleep'}),
    'exhausted');
my $began = time;
my (undef, $error) = ask($bouncer, 'select 7');
like($error, qr/query_wait_timeout/, 'a client that waited too long is told so');
cmp_ok(time - $began, '>', 0.9, 'after it waited');
$node->safe_psql('postgres', q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'});
$_->finish for @held;
is(ask($bouncer, 'select 7'), 7, 'and served once there is room');
$bouncer->stop;

# A connection's life.
$bouncer = PgBouncer->start($node, "'production', 'postgres', pool_size => 1, max_overflow => 0, pool_recycle_seconds => 1", 'app');
my $first = ask($bouncer, 'select pg_backend_pid()');
ok(poll(sub { ask($bouncer, 'select pg_backend_pid()') != $first }), 'an old connection is replaced');
like($bouncer->log, qr/process up/, 'by the same PgBouncer');
$bouncer->stop;

# A client that stays does not notice that the server was away.
$bouncer = PgBouncer->start($node, "'production', 'postgres'", 'app');
bench($bouncer, 10, 10);
my ($in, $out) = ("select 'before';\n", '');
my $client = IPC::Run::start([ 'psql', '-XAtq', '-d', $bouncer->connstr('postgres', 'app'), '-f', '-' ],
    '<', \$in, '>', \$out, '2>&1', IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$client->pump until $out =~ /before/;
$node->restart;
$in .= "select 'after';\n\\q\n";
$client->finish;
is($out, "before\nafter\n", 'a client survives a restart of the server');
bench($bouncer, 20, 10);

done_testing();

# What waits costs nothing. Sessions are read where they are: one that hangs as it writes its state holds nobody up, and
# statements of any length take no memory. What the extension says of its own cost is no time that it only waited.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use Patience qw(poll becomes);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Session;
use Test::More;

my $config = $ENV{PG_CONFIG} // 'pg_config';
my $headers = `$config --includedir-server`;
chomp $headers;
-e "$headers/postgres.h" or plan skip_all => "no headers of the server in $headers";
my $module = PostgreSQL::Test::Utils::tempdir() . '/waits';
system_or_bail(qw(cc -O1 -fPIC -shared -I), $headers, '-o', "$module.so", "$FindBin::RealBin/lib/waits.c");

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
track_activity_query_size = 1MB
restart_after_crash = on
CONF
$node->start;
$node->safe_psql('postgres', "create extension elile_optimize; create function hold_slot() returns void language c as '$module'");

sub pool
{
    my ($columns, $application) = @_;
    return $node->safe_psql('postgres',
        "select $columns from elile_optimize.pool_statistics where application_name = '$application'");
}

sub scraped
{
    my ($application) = @_;
    my $page = HTTP::Tiny->new(timeout => 20)->get("http://127.0.0.1:$port/metrics")->{content};
    my $sum = 0;
    $sum += $1 while $page =~ /^elile_db_connections\{[^}]*application="$application"[^}]*\} (\d+)$/mg;
    return $sum;
}

# As many as the server itself lists, by the same names.
my @sessions = map { Session->new($node) } 1 .. 4;
$_->ask("set application_name = 'steady'") foreach @sessions;
becomes('the keeper sees each', sub { pool('pool_size, connections_opened >= 0', 'steady') }, '4|t');
is($node->safe_psql('postgres', q{select sum(pool_size) from elile_optimize.pool_statistics}),
    $node->safe_psql('postgres', q{select count(*) from pg_stat_activity where backend_type = 'client backend'}),
    'all of the clients that the server lists');

my $held;
{
    local $ENV{PGAPPNAME} = 'held';
    $held = Session->new($node);
}
my $pid = $held->ask('select pg_backend_pid()');
becomes('it is seen', sub { pool('pool_size, connections_opened', 'held') }, '1|1');
my $unread = q{select sessions_unread from elile_optimize.info};
$held->tell('select hold_slot()');
ok($node->poll_query_until('postgres', "select ($unread) > 20"), 'what cannot be read is counted');

# Whoever looks meanwhile goes on.
is(pool('pool_size', 'steady'), 4, 'a view lists the others');
{
    local $ENV{PGAPPNAME} = 'later';
    $node->safe_psql('postgres', 'select 1');
}
becomes('the keeper looks on', sub { pool('connections_opened', 'later') }, 1);
becomes('metrics go on', sub { scraped('steady') }, 4);
is($node->safe_psql('postgres', q{select state from elile_optimize.info}), 'ready', 'the keeper is at work');
$node->safe_psql('postgres', 'create table built (id int); insert into built values (1); set statement_timeout = 60000;'
        . ' select count(*) from elile_optimize.index_set; select count(*) from elile_optimize.index_builds');

$node->safe_psql('postgres', "select pg_cancel_backend($pid)");
is($held->ask('select 1'), 1, 'it goes on itself');
becomes('it is seen again', sub { pool('pool_size, connections_opened', 'held') }, '1|1');

# Texts of 1 MB, which the server's own reading copies.
my $keeper = keeper_of($node);
my @talkers = map { Session->new($node) } 1 .. 20;
my $text = 'x' x 1_000_000;
$_->ask("select 1 /* $text */") foreach @talkers;
{
    local $ENV{PGAPPNAME} = 'last';
    $node->safe_psql('postgres', 'select 1');
}
becomes('the keeper has looked since', sub { pool('connections_opened', 'last') }, 1);
my ($own_kb) = read_file("/proc/$keeper/status") =~ /^RssAnon:\s+(\d+) kB/m;
cmp_ok($own_kb, '<', 12_000, 'its own memory stays small');
$_->close foreach @talkers, @sessions, $held;

# Each of these executions waits 2 ms while it is kept, for its parameter to be written. One in 2,047 at least is measured.
# From 19 on a SELECT without FROM would be an expression, which nobody executes.
$node->safe_psql('postgres', <<"SQL");
create function sleepy_in(cstring) returns sleepy language c immutable strict as '$module';
create function sleepy_out(sleepy) returns cstring language c immutable strict as '$module';
create type sleepy (input = sleepy_in, output = sleepy_out);
set elile_optimize.track = 'all';
set elile_optimize.slow_query_threshold = 0;
set elile_optimize.log_parameters = on;
do \$\$ declare value sleepy := 'x'; is_null bool; begin for run in 1 .. 2100 loop select value is null into is_null from generate_series(1, 1); end loop; end \$\$;
SQL
my $waited = q{from elile_optimize.slow_queries where parameters ~ 'x' and query ~ 'is null'};
is($node->safe_psql('postgres', "select count(*) > 0 $waited"), 't', 'parameters were written');
my $own_ns = $node->safe_psql('postgres', 'select overhead_per_statement_ns from elile_optimize.info');
cmp_ok($own_ns, '>', 0, 'its own cost is measured');
cmp_ok($own_ns, '<', 1_000_000, 'without what it waited');

# After a crash the server's table is made anew.
my $victim = Session->new($node);
my $victims = $victim->ask('select pg_backend_pid()');
kill 'KILL', $victims;
$victim->close;
ok(poll(sub { $node->psql('postgres', 'select 1') == 0 }), 'the server is back after a crash');
my $later;
{
    local $ENV{PGAPPNAME} = 'after the crash';
    $later = Session->new($node);
}
becomes('and its sessions are seen', sub { pool('pool_size, connections_opened', 'after the crash') }, '1|1');
$later->close;

done_testing();

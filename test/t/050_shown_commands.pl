# The commands that README and docs/ show after a $ run, and print what is shown; of metrics the figures are other ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Patience;
use PgBouncer;
use Test::More;

# Where the documents' server listens; the one here has another place.
my ($their_port, $their_folder) = (9187, '/var/run/postgresql');

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
max_connections = 60
log_statement = all
elile_optimize.metrics_port = $port
});
$node->start;
$node->safe_psql('postgres', 'create role app login; create database app; create database appdb');
for my $database ('postgres', 'app', 'appdb')
{
    $node->safe_psql($database, 'create extension elile_optimize; create table entities (id int)');
    $node->safe_psql($database, 'select count(*) from entities');
}

# Commands and what they print, block by block.
sub blocks_with_commands
{
    my ($page) = @_;
    return grep { /^\$ /m } slurp_file($page) =~ /^```\w*\n(.*?)^```$/msg;
}

my $folder = PostgreSQL::Test::Utils::tempdir();
local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'postgres');

sub run_shown
{
    my ($command) = @_;
    my ($out, $err) = ('', '');
    $command =~ s/:$their_port\b/:$port/g;
    my $ran = IPC::Run::run([ 'sh', '-c', "cd '$folder' && $command" ], '>', \$out, '2>', \$err,
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    return ($ran, $out, $err);
}

sub shape
{
    my ($line) = @_;
    return $line =~ s/\Q$their_folder\E/@{[ $node->host ]}/r =~ s/port=\d+/port=@{[ $node->port ]}/r;
}

sub in_shape { my ($line) = @_; return shape($line) =~ s/\d+(\.\d+)?\b/N/gr; }

# What is served is a second old at first.
ok(poll(sub { (run_shown("curl -s http://127.0.0.1:$their_port/metrics"))[1] =~ /database="app",.*table="entities"/ }),
    'metrics are served');

my $commands = 0;
for my $page ("$FindBin::RealBin/README.md", glob("$FindBin::RealBin/docs/*.md"))
{
    for my $part (map { split /^(?=\$ )/m } blocks_with_commands($page))
    {
        my ($command, $shown) = $part =~ /\A\$ ([^\n]+)\n(.*)\z/s or next;
        my ($ran, $out, $err) = run_shown($command);
        ++$commands;
        ok($ran, $command) or diag($err);
        my $form = $command =~ /^curl / ? \&in_shape : \&shape;
        my %printed = map { $form->($_) => 1 } split /\n/, $out;
        ok($printed{ $form->($_) }, "prints: $_") or diag($out) for grep { $_ !~ /^(\.\.\.)?$/ } split /\n/, $shown;
    }
}
cmp_ok($commands, '>=', 3, 'commands are shown');

# Three clients of a pool of one: docs/pools.md's line tells that two of them wait.
SKIP:
{
    skip 'PgBouncer is missing', 1 if !PgBouncer::is_there();
    my $bouncer = PgBouncer->start($node, q{'production', 'appdb', pool_size => 1, max_overflow => 0}, 'app');
    my @clients = map {
        IPC::Run::start([ 'psql', '-X', '-d', $bouncer->connstr('appdb', 'app'), '-c', 'select pg_sleep(600)' ],
            '<', \undef, '>&', \my $ignored)
    } 1 .. 3;
    my ($line) = slurp_file("$FindBin::RealBin/docs/pools.md") =~ /^```sh\n(.*?)^```$/ms;
    $line =~ s/-h \Q$their_folder\E -p 6432 -U stats/-h $bouncer->{host} -p $bouncer->{port} -U admin/ or die $line;
    ok(poll(sub { (run_shown($line))[0] && slurp_file($node->logfile) =~ /set_clients_waiting\(2, 'web'\)/ }),
        'who waits is told');
    $_->kill_kill for @clients;
    $bouncer->stop;
}
$node->stop;
done_testing();

# The commands that README and docs/ show after a $ run, and print what is shown; of metrics the figures are other ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Patience;
use Test::More;

# Where the documents' server listens; the one here has another place.
my ($their_port, $their_folder) = (9187, '/var/run/postgresql');

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
max_connections = 60
elile_optimize.metrics_port = $port
});
$node->start;
$node->safe_psql('postgres', 'create role app; create database app; create database appdb');
for my $database ('app', 'appdb')
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
$node->stop;
done_testing();

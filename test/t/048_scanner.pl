# A library that takes the scanner's tokens for others lets no server start, since that one would keep literals. It is
# in the way neither of pg_upgrade nor of a single-user server.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @kinds = ([ '1.5', 260 ], [ q('a'), 261 ], [ q(U&'b'), 262 ], [ q(b'1'), 263 ], [ q(x'1'), 264 ], [ '1', 266 ], [ '$1', 267 ]);
my $identifier = 258;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
chomp(my $folder = `pg_config --pkglibdir`);
my $library = slurp_file("$folder/elile_optimize.so");
my $numbers = pack 'l*', map { $_->[1] } @kinds;
isnt(index($library, $numbers), -1, 'the library has the numbers');

# The path of a copy that has another number for this kind.
sub misreading
{
    my ($kind) = @_;
    my $copy = $library;
    substr($copy, index($library, $numbers) + 4 * $kind, 4) = pack 'l', $identifier;
    my $name = $node->basedir . "/misreading_$kind.so";
    open my $file, '>:raw', $name or die "$name: $!";
    print $file $copy or die "$name: $!";
    close $file or die "$name: $!";
    return $name;
}

for my $kind (0 .. $#kinds)
{
    my ($text, $token) = @{ $kinds[$kind] };
    $node->append_conf('postgresql.conf', "shared_preload_libraries = '" . misreading($kind) . "'");
    my $from = -s $node->logfile || 0;
    ok(!$node->start(fail_ok => 1), "no start with another number for $text");
    my $log = slurp_file($node->logfile, $from);
    like(
        $log,
        qr/FATAL:  elile_optimize does not know the literals.*\n.*DETAIL:.* reads "\Q$text\E" as token $token, not as $identifier\.\n.*HINT:/,
        'it is said');
}

my ($out, $err);
IPC::Run::run([ 'postgres', '--single', '-D', $node->data_dir, 'postgres' ], '<', \"select 6 * 7 as product\n", '>', \$out, '2>', \$err);
like($err, qr/WARNING:  elile_optimize does not know the literals/, 'a single-user server warns');
like($out, qr/product = "42"/, 'and runs');

system_log('pg_ctl', '-D', $node->data_dir, '-l', $node->logfile, '-o', '-b', '-w', 'start');
$node->_update_pid(1);
is($node->safe_psql('postgres', 'select 6 * 7'), 42, 'so does one that pg_upgrade has started');
$node->stop;

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->append_conf('postgresql.conf', "backslash_quote = off\nelile_optimize.slow_query_threshold = 0");
$node->append_conf('postgresql.conf', 'standard_conforming_strings = off') if `pg_config --version` !~ /^PostgreSQL (19|[2-9]\d)/;
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
pass('the library as it is lets it start, also where strings do not conform');
$node->stop;
done_testing();

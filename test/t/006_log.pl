# A slow statement is one LOG line without its literals.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf',
    "shared_preload_libraries = 'elile_optimize'\nlog_statement = none\nlog_min_error_statement = panic");
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');

sub logged
{
    my ($settings, $statement) = @_;
    my $from = -s $node->logfile;
    $node->psql('postgres', "$settings; $statement");
    # What is written before this line can be read once it is there.
    $node->psql('postgres', q{do $$ begin raise log 'all is written'; end $$});
    $node->wait_for_log(qr/all is written/, $from);
    return slurp_file($node->logfile, $from);
}
my $slow = 'set elile_optimize.slow_query_threshold = 0';
my $log = logged($slow, "select 'hunter2' as secret, 1234567");
my @lines = grep { /slow statement.*secret/ } split /\n/, $log;
is(scalar @lines, 1, 'one line');
like($lines[0], qr/LOG: .*duration: [\d.]+ ms  slow statement: select \$1 as secret, \$2$/, 'its form');
unlike($log, qr/hunter2|1234567/, 'no literal');

$log = logged("$slow; set elile_optimize.enable_query_logging = off", "select 'hunter2' as secret, 1, 2");
unlike($log, qr/secret/, 'none with enable_query_logging = off');
$log = logged('set elile_optimize.slow_query_threshold = -1', "select 'hunter2' as secret, 1, 2");
unlike($log, qr/secret/, 'none with slow_query_threshold = -1');
done_testing();

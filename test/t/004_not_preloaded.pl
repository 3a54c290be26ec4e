# Without shared_preload_libraries the extension can be created, and use says what is missing.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
pass('create extension works');
for my $use ('summary', 'statements', 'table_operations', 'slow_queries', 'info')
{
    my ($status, $out, $err) = $node->psql('postgres', "select * from elile_optimize.$use");
    isnt($status, 0, "$use fails");
    like($err, qr/shared_preload_libraries/, "$use names the setting");
}
for my $use ('reset()', 'reset(0, 0, 1)', 'percentile(1, 0.5)', q{record_db_query('select', 'a', 1)})
{
    my ($status, $out, $err) = $node->psql('postgres', "select elile_optimize.$use");
    like($err, qr/shared_preload_libraries/, "$use names the setting");
}
$node->safe_psql('postgres', 'drop extension elile_optimize');
done_testing();

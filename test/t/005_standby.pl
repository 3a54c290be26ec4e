# A hot standby counts its own reads.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$primary->start;
$primary->safe_psql('postgres', 'create extension elile_optimize; create table item (id int)');
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
ok($standby->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}), 'ready');
$standby->safe_psql('postgres', 'select elile_optimize.reset()');
$standby->safe_psql('postgres', 'select count(*) from item;' x 7);
my $reads = q{select calls, failed_calls from elile_optimize.statements
    where query = 'select count(*) from item' and table_name = 'item'};
is($standby->safe_psql('postgres', $reads), '7|0', 'reads of the standby');
is($primary->safe_psql('postgres', $reads), '', 'none of them on the primary');
# With their plans, those that fail too.
$standby->psql('postgres', q{set elile_optimize.slow_query_threshold = 0;
    select count(*) from item; select 1 / count(*) from item});
ok($standby->poll_query_until('postgres', q{
        select count(*) = 2 from elile_optimize.slow_queries
        where table_name = 'item' and plan ~ 'Seq Scan on item' and sqlstate is distinct from 'x'}),
    'plans of the standby');
done_testing();

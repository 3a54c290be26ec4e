# A standby refuses builds, its lag holds them back, and one that is promoted finishes what the
# primary had begun.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
hot_standby_feedback = off
elile_optimize.inline_index_limit = 0
elile_optimize.index_build_max_lag = 0
});
$primary->start;
$primary->safe_psql('postgres', slurp_file("$FindBin::RealBin/workload/schema.sql"));
$primary->psql('postgres', 'create extension elile_optimize');
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

my ($status, $out, $err) = $standby->psql('postgres', 'select elile_optimize.build_indexes()');
like($err, qr/cannot execute build_indexes\(\) during recovery\n.*HINT:  Call it on the primary/s, 'no build on a standby');
($status, $out, $err) = $standby->psql('postgres', 'select elile_optimize.cancel_index_builds()');
like($err, qr/cannot execute cancel_index_builds\(\) during recovery/, 'nor its cancellation');
is($standby->safe_psql('postgres', 'select count(*) from elile_optimize.index_status'), '18', 'but what there is can be read');

# Lag.
$standby->safe_psql('postgres', 'select pg_wal_replay_pause()');
ok($standby->poll_query_until('postgres', q{select pg_get_wal_replay_pause_state() = 'paused'}), 'replay pauses');
$primary->safe_psql('postgres', q{select elile_optimize.build_indexes(array['idx_tenants_active_name'])});
my $phase = q{select phase from elile_optimize.index_builds limit 1};
ok($primary->poll_query_until('postgres', "select ($phase) = 'waiting for a replica to catch up (elile_optimize.index_build_max_lag)'"),
    'a build waits for the standby');
$standby->safe_psql('postgres', 'select pg_wal_replay_resume()');
ok($primary->poll_query_until('postgres', q{select state = 'done' from elile_optimize.index_builds limit 1}), 'then it is built');

# The primary is lost in the middle of one.
my $writer = Session->new($primary);
$writer->ask('begin; lock table entities in row exclusive mode');
$primary->safe_psql('postgres', q{select elile_optimize.build_indexes(array['idx_entities_tenant_type', 'idx_relations_to_type'])});
ok($primary->poll_query_until('postgres', q{select bool_or(phase = 'waiting for writers before build') from elile_optimize.index_builds}),
    'a build is under way');
$primary->wait_for_catchup($standby, 'replay');
is($standby->safe_psql('postgres', 'select count(*) from pg_index where not indisvalid'), '1', 'its unfinished index is on the standby');
$primary->kill9;
$writer->close;
$standby->promote;
ok($standby->poll_query_until('postgres', q{select count(*) = 0 from elile_optimize.index_builds where state in ('queued', 'building')}),
    'the promoted standby ends the builds');
is($standby->safe_psql('postgres', q{select string_agg(state, ',') from elile_optimize.index_builds}), 'done,done,done', 'all are done');
is($standby->safe_psql('postgres', 'select count(*) from pg_index where not indisvalid'), '0', 'and none is invalid');
$standby->stop;
done_testing();

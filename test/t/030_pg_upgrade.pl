# Under pg_upgrade nothing of ours runs; afterwards all is as it was, and a build that waited is built.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Test::More;

my $index = 'idx_entities_canonical_identifiers_gin';
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $settings = qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.inline_index_limit = 0
elile_optimize.log_analyze = on
elile_optimize.metrics_port = $port
};

sub new_node
{
    my ($name) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init;
    $node->append_conf('postgresql.conf', $settings);
    return $node;
}

sub builds { return $_[0]->safe_psql('postgres', q{select name, state, attempts from elile_optimize.index_build_journal order by id}) }

sub ours { return grep { read_file("/proc/$_/cmdline") =~ /elile_optimize/ } children_of(postmaster_of($_[0])) }

my $old = new_node('old');
$old->start;
$old->safe_psql('postgres', slurp_file("$FindBin::RealBin/workload/schema.sql"));
$old->safe_psql('postgres', q{insert into entities select gen_random_uuid(), 'individual', '{"ssn": 1}' from generate_series(1, 100)});
$old->psql('postgres', 'create extension elile_optimize');
$old->safe_psql('postgres', q{alter database postgres set elile_optimize.slow_query_threshold = '5s'});
$old->safe_psql('postgres', qq{begin;
    select elile_optimize.build_indexes(array['$index', 'idx_entities_tenant_type']);
    update elile_optimize.index_build_journal set not_before = 'infinity' where name = '$index'; commit});
ok($old->poll_query_until('postgres', q{select count(*) = 1 from elile_optimize.index_builds where state = 'done'}),
    'one build is done');
is(builds($old), "$index|queued|0\nidx_entities_tenant_type|done|1", 'the other one waits');
is(scalar(grep { read_file("/proc/$_/cmdline") =~ /keeper/ } ours($old)), 1, 'a keeper');
$old->stop;

# It becomes due while nobody of ours can see it.
$old->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$old->start;
$old->safe_psql('postgres', q{update elile_optimize.index_build_journal set not_before = '-infinity'});
$old->stop;
$old->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");

# As pg_upgrade starts a server.
my $from = -s $old->logfile;
command_ok([ 'pg_ctl', '-w', '-D', $old->data_dir, '-l', $old->logfile, '-o', '-b', 'start' ], 'a server for an upgrade');
is($old->safe_psql('postgres', 'show shared_preload_libraries'), 'elile_optimize', 'has the library');
is_deeply([ ours($old) ], [], 'but none of its processes');
is($old->safe_psql('postgres', 'show elile_optimize.slow_query_threshold'), '5s', 'knows its settings');
is($old->safe_psql('postgres', 'select count(*) from entities; explain (costs off) select 1') =~ /^100\nResult/, 1, 'and runs statements');
my ($status, $out, $err) = $old->psql('postgres', 'select * from elile_optimize.info');
like($err, qr/does nothing while pg_upgrade is at work/, 'which nobody counts');
($status, $out, $err) = $old->psql('postgres', 'select elile_optimize.build_indexes()');
like($err, qr/does nothing while pg_upgrade is at work/, 'a build cannot be asked for');
is(builds($old), "$index|queued|0\nidx_entities_tenant_type|done|1", 'the build waits still');
command_ok([ 'pg_ctl', '-w', '-D', $old->data_dir, '-m', 'fast', 'stop' ], 'it stops');
unlike(substr(slurp_file($old->logfile), $from), qr/LOG:  (?!statement:)[^\n]*elile_optimize/, 'the log has nothing of ours');

# The upgrade.
my $new = new_node('new');
my ($bin) = grep { -x "$_/pg_upgrade" } split /:/, $ENV{PATH};
my $sockets = PostgreSQL::Test::Utils::tempdir_short();
my $folder = PostgreSQL::Test::Utils::tempdir();
chdir $folder or die $!;
command_ok([ 'pg_upgrade', '--no-sync', '--retain', '-b', $bin, '-B', $bin, '-d', $old->data_dir, '-D', $new->data_dir,
        '-p', $old->port, '-P', $new->port, '-s', $sockets ], 'pg_upgrade');
my @logs = glob $new->data_dir . '/pg_upgrade_output.d/*/log/*server*.log';
cmp_ok(scalar(@logs), '>', 0, 'it has left the logs of its servers');
unlike(slurp_file($_), qr/LOG:  (?!statement:)[^\n]*elile_optimize/, 'in which nothing is of ours') for @logs;

$new->append_conf('postgresql.conf', "elile_optimize.index_build_max_active = -1");
$new->start;
ok($new->poll_query_until('postgres', q{select count(*) = 2 from elile_optimize.index_builds where state = 'done'}),
    'the build that waited is built');
is(builds($new), "$index|done|1\nidx_entities_tenant_type|done|1", 'at the first attempt');
is($new->safe_psql('postgres', qq{select started_at > pg_postmaster_start_time() from elile_optimize.index_build_journal where name = '$index'}),
    't', 'which began after the upgrade');
is($new->safe_psql('postgres', q{select count(*) from elile_optimize.index_status where state = 'present'}), '2', 'both are there');
is($new->safe_psql('postgres', 'select count(*) from pg_index where not indisvalid'), '0', 'and valid');
ok($new->poll_query_until('postgres', q{select state || ' ' || exporter_state = 'ready listening' from elile_optimize.info}),
    'the upgraded server is ready');
is($new->safe_psql('postgres', q{select count(*) from entities;
    select calls from elile_optimize.table_operations where table_name = 'entities' and operation = 'select'}), "100\n1", 'and counts');
$new->stop;
done_testing();

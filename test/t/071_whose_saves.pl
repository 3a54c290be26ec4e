# Saved statistics belong to one data directory: a copy, a base backup and another cluster begin anew, and a standby
# keeps its own through its promotion.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use File::Copy 'copy';
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $settings = "shared_preload_libraries = 'elile_optimize'\nelile_optimize.save_interval = 1s\nautovacuum = off\n";
my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', $settings);
$primary->start;
$primary->safe_psql('postgres', 'create extension elile_optimize; create table item (id int)');
$primary->safe_psql('postgres', 'insert into item values (1);' x 30);

my $inserted = q{select coalesce(sum(calls), 0) from elile_optimize.table_operations where table_name = 'item' and operation = 'insert'};
my $selected = q{select coalesce(sum(calls), 0) from elile_optimize.table_operations where table_name = 'item' and operation = 'select'};
sub from
{
    my ($node) = @_;
    Patience::poll(sub { $node->safe_psql('postgres', 'select restored_from from elile_optimize.info') ne 'not yet' });
    return $node->safe_psql('postgres', 'select restored_from from elile_optimize.info');
}
sub base_of { my ($node) = @_; return $node->data_dir . '/pg_stat_tmp/elile_optimize.base'; }
ok(Patience::poll(sub { -s base_of($primary) }), 'the primary has saved');

# A base backup has no such file. A standby of it sees its own work only.
$primary->backup('backup');
ok(!-e $primary->backup_dir . '/backup/pg_stat_tmp/elile_optimize.base', 'a base backup leaves it out');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby, 'replay');
is(from($standby), 'none: nothing was saved', 'a standby begins anew');
is($standby->safe_psql('postgres', $inserted), 0, 'with nothing of its primary');
$standby->safe_psql('postgres', 'select id from item;' x 12);
$standby->restart;
is(from($standby), 'clean', 'it saves its own');
is($standby->safe_psql('postgres', $selected), 12, 'and has them after a restart');
$standby->promote;
is($standby->safe_psql('postgres', $selected), 12, 'and after its promotion');
$standby->safe_psql('postgres', 'insert into item values (1);' x 4);
$standby->restart;
is(from($standby), 'clean', 'and after a restart of what was promoted');
is($standby->safe_psql('postgres', $inserted), 4, 'with what it did then');
$standby->stop;

# A copy of the whole directory, of a server that was stopped.
$primary->stop;
my $copy = PostgreSQL::Test::Cluster->new('copy');
system('cp', '-a', $primary->data_dir, $copy->data_dir) == 0 or die;
ok(-s base_of($copy), 'a copy has the file');
$copy->append_conf('postgresql.conf', 'port = ' . $copy->port);
$copy->start;
is(from($copy), 'none: the saved file is of another data directory', 'and does not take it for its own');
is($copy->safe_psql('postgres', $inserted), 0, 'nor its figures');
$primary->start;
is(from($primary), 'clean', 'beside it, on the same host, the source has its own');
is($primary->safe_psql('postgres', $inserted), 30, 'all of it');
$copy->stop;

# The file of another cluster.
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init;
$other->append_conf('postgresql.conf', $settings);
copy(base_of($primary), base_of($other)) or die;
$other->start;
$other->safe_psql('postgres', 'create extension elile_optimize');
is(from($other), 'none: the saved file is of another database cluster', 'another cluster does not take it');
$other->stop;

# A directory that is moved stays the same.
$primary->stop;
my $moved = $primary->data_dir . '.moved';
rename $primary->data_dir, $moved or die;
rename $moved, $primary->data_dir or die;
$primary->start;
is(from($primary), 'clean', 'a directory that was moved is the same one');
$primary->stop;
done_testing();

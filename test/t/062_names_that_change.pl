# Each execution is counted for the table that it worked on, whatever becomes of names, views and partitions, and
# whichever session changes them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
CONF
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');

# Selects by table, as the view has them.
sub selects
{
    return $node->safe_psql('postgres', q{select string_agg(coalesce(nullif(schema_name, 'public') || '.', '')
	    || table_name || ' ' || calls, ', ' order by schema_name, table_name)
	from elile_optimize.table_operations
	where operation = 'select' and schema_name not in ('pg_catalog', 'elile_optimize')
		and datname = current_database()});
}

# What the metrics have of a table's selects.
sub exported
{
    my ($table) = @_;
    my ($body) = run_command([ 'curl', '-sf', "http://127.0.0.1:$port/metrics" ]);
    return $body =~ /^elile_db_queries_total\{database="postgres",operation="select",table="\Q$table\E"\} (\d+)$/m ? $1 : 'none';
}

# A step is a statement, or a session and a statement.
my @sessions = map { $node->background_psql('postgres') } 1 .. 2;

sub counts
{
    my ($name, $expected, @steps) = @_;
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    for my $step (@steps)
    {
        my ($session, $sql) = ref $step ? @$step : (0, $step);
        $sessions[$session]->query($sql);
    }
    is(selects(), $expected, $name);
}

$node->safe_psql('postgres', <<'SQL');
create table t1 (id int primary key, a int);
create table t2 (like t1);
create view v as select * from t1;
create schema other;
SQL

for my $other (0, 1)
{
    my $where = $other ? 'another session' : 'the same session';
    counts("a view that $where replaced", 't1 2, t2 3',
        ('select count(*) from v') x 2,
        [ $other, 'create or replace view v as select * from t2' ],
        ('select count(*) from v') x 3);
    counts("a prepared statement on a view that $where replaced", 't1 3, t2 2',
        'prepare p as select count(*) from v; set plan_cache_mode = force_generic_plan',
        ('execute p') x 2,
        [ $other, 'create or replace view v as select * from t1' ],
        ('execute p') x 3,
        'deallocate p; reset plan_cache_mode');
    counts("a view that $where replaced in a transaction that it rolled back", $other ? 't1 2' : 't1 2, t2 1',
        'select count(*) from v',
        [ $other, 'begin; create or replace view v as select * from t2' ],
        ($other ? () : 'select count(*) from v'),
        [ $other, 'rollback' ],
        'select count(*) from v');

    counts("partitions that $where attaches and detaches", 'pa 2, parent 3',
        'create table parent (id int) partition by list (id); create table pa (id int)',
        'select count(*) from pa',
        [ $other, 'alter table parent attach partition pa for values in (1)' ],
        ('select count(*) from pa') x 2,
        'select count(*) from parent',
        [ $other, 'alter table parent detach partition pa' ],
        'select count(*) from pa',
        'drop table parent, pa');
}
$sessions[0]->query('drop table if exists parent, pa');

sub renames
{
    my ($other, $where) = @_;
    $node->safe_psql('postgres', 'create table live (id int); create table live_new (id int)');
    counts("names that $where swapped", 'live 4, live_new 1',
        'select count(*) from live',
        'select count(*) from live_new',
        [
            $other, 'begin; alter table live rename to live_old; alter table live_new rename to live;
				alter table live_old rename to live_new; commit'
        ],
        ('select count(*) from live') x 3);
    becomes('and in the metrics', sub { exported('live') }, 4);
    becomes('the other too', sub { exported('live_new') }, 1);
    counts("a table that $where moved and renamed", 'other.far 4',
        ('select count(*) from live') x 2,
        [ $other, 'alter table live set schema other; alter table other.live rename to far' ],
        ('select count(*) from other.far') x 2);
    becomes('and in the metrics', sub { exported('other.far') }, 4);
    is(exported('live'), 'none', 'the old name is gone there');
    counts("a schema that $where renamed", 'another.far 3',
        'select count(*) from other.far',
        [ $other, 'alter schema other rename to another' ],
        ('select count(*) from another.far') x 2);
    becomes('and in the metrics', sub { exported('another.far') }, 3);
    counts("a name that $where took back", 'live_new 2',
        'select count(*) from live_new',
        [ $other, 'begin; alter table live_new rename to never; select count(*) from pg_class' ],
        [ $other, 'rollback' ],
        'select count(*) from live_new');
    becomes('and in the metrics', sub { exported('live_new') }, 2);
    is(exported('never'), 'none', 'what was taken back is nowhere');
    counts("a table that $where made anew under its name", 'live_new 3',
        'select count(*) from live_new',
        [ $other, 'drop table live_new; create table live_new (id int)' ],
        ('select count(*) from live_new') x 2);
    becomes('and in the metrics', sub { exported('live_new') }, 3);
    $node->safe_psql('postgres', 'drop schema another cascade; drop table live_new; create schema other');
    return;
}
renames(0, 'the same session');
renames(1, 'another session');

# From 18 on an identifier does not tell tables apart that have one alias.
if ($node->pg_version >= 18)
{
    $node->safe_psql('postgres', 'create table a1 (id int); create table b1 (id int)');
    counts('tables with one alias', 'a1 2, b1 3',
        'prepare pa as select count(*) from a1 x; prepare pb as select count(*) from b1 x',
        'execute pa', ('execute pb') x 2, 'select count(*) from a1 x', 'select count(*) from b1 x');
}

is($node->safe_psql(
        'postgres', q{select count(*), count(distinct (userid, dbid, queryid, toplevel)) from elile_optimize.statements
		having count(*) <> count(distinct (userid, dbid, queryid, toplevel))}),
    '', 'each identifier has one row');
counts('a statement on two tables', 't1 1, t2 2',
    'create or replace view v as select * from t1',
    'select count(*) from v',
    'create or replace view v as select * from t2',
    ('select count(*) from v') x 2);
is($node->safe_psql(
        'postgres', q{select calls, table_name is null from elile_optimize.statements where query = 'select count(*) from v'}),
    '3|t', 'has one row, without a name');

$_->quit for @sessions;
$node->stop;
done_testing();

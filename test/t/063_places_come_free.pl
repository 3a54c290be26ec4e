# Places of tables and databases that are gone come free, and what they have counted is nobody else's.
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
elile_optimize.track = all
elile_optimize.max_tables = 100
elile_optimize.metrics_port = $port
CONF
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create table stays (id int)');

sub metrics
{
    my ($body) = run_command([ 'curl', '-sf', "http://127.0.0.1:$port/metrics" ]);
    return $body;
}

$node->safe_psql('postgres', 'select count(*) from stays');
$node->safe_psql('postgres', <<'SQL');
do $$ begin
    for i in 1..300 loop
        execute format('create temp table gone_%s (id int)', i);
        execute format('select count(*) from gone_%s', i);
        execute format('drop table gone_%s', i);
        execute format('create table past_%s (id int)', i);
        execute format('insert into past_%s values (1)', i);
        execute format('drop table past_%s', i);
    end loop;
end $$;
create table next_one (id int);
select count(*) from next_one;
SQL
my $rows = q{select calls from elile_optimize.table_operations where operation = '%s' and table_name = '%s'};
is($node->safe_psql('postgres', sprintf($rows, 'select', 'next_one')), '1', 'the next table has a place of its own');
is($node->safe_psql('postgres', sprintf($rows, 'select', 'stays')), '1', 'a table that is there keeps its own');
is($node->safe_psql('postgres', sprintf($rows, 'select', '(other)')), '', 'nothing was without a place');
is($node->safe_psql(
        'postgres',
        q{select sum(calls) from elile_optimize.table_operations
		where operation in ('select', 'insert') and table_name ~ '^(gone_|past_|.dropped)' and datname = 'postgres'}),
    '600', 'no execution is lost');

for my $number (1 .. 36)
{
    $node->safe_psql('postgres', "create database shop_$number");
    $node->safe_psql("shop_$number", 'select 1 from pg_class limit 1');
    if ($number == 1)
    {
        ok(poll(sub { metrics() =~ /database="shop_1"/ }), 'a database has series');
    }
    $node->safe_psql('postgres', "drop database shop_$number");
}
ok(poll(sub { metrics() !~ /database="shop_/ }), 'series of databases that are gone end');
$node->safe_psql('postgres', 'create database last_one');
my $oid = $node->safe_psql('last_one', "select oid from pg_database where datname = 'last_one'");
ok(poll(sub { metrics() =~ /database="last_one"/ }), 'the next database has its name');
unlike(metrics(), qr/database="$oid"/, 'and not its number');

$node->stop;
done_testing();

# Statements of pg_dump, of psql's \d and of the extension's views are told from the application's, and the status page has
# them in one row, below the application's in the order of their time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.metrics_show_queries = on
autovacuum = off
});
$node->start;
$node->safe_psql('postgres', q{
create extension elile_optimize;
create table orders (id int primary key, total numeric);
create view totals as select sum(total) from orders;
create function half(numeric) returns numeric language plpgsql as 'begin return $1 / 2; end';
create function nap(float8) returns void language plpgsql as 'begin perform pg_sleep($1); end';
insert into orders select i, i from generate_series(1, 100) i;
select elile_optimize.reset()});

# The application: one statement that is slow once, and one whose many runs take longer in all.
$node->safe_psql('postgres', q{select nap(0.05), 'seldom' as seldom from orders where id = 1});
$node->safe_psql('postgres', join '', map { "select nap(0.02), 'often' as often from orders where id <= $_ limit 1;\n" } 1 .. 10);
$node->safe_psql('postgres', 'select half(total) from orders');

my $of = q{from elile_optimize.statements where operation <> 'utility' and toplevel and };
is($node->safe_psql('postgres', "select distinct origin $of query ~ 'orders'"), 'application', q{the application's});

# What others ask: nothing of it is the application's but what reads its tables and functions.
$node->safe_psql('postgres', q{select elile_optimize.reset() where false});
$node->command_ok([ 'pg_dump', '--schema-only', '-d', $node->connstr('postgres') ], 'a dump of the schema');
for my $command ('\d', '\d orders', '\d+ totals', '\df half', '\dn+', '\l', '\du', '\dt+', '\di+', '\dp', '\dx')
{
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-c', $command ], '>', \$out, '2>', \$err);
    is($err, '', $command);
}
$node->safe_psql('postgres', "select count(*) from elile_optimize.$_") for qw(summary table_operations info pool_statistics);
my $known = q{query !~ 'orders where|half\(|elile_optimize\.'};
cmp_ok($node->safe_psql('postgres', "select count(*) $of origin = 'catalogue' and query ~ 'pg_'"),
    '>', 20, 'statements of pg_dump and psql are of the catalogue');
is($node->safe_psql('postgres', "select query $of origin = 'application' and query ~* 'from\\s+(pg_catalog\\.)?pg_' and $known"),
    '', 'and none that reads the catalogue is the application\'s');
is($node->safe_psql('postgres', "select count(*) $of origin = 'own' and query ~ '^select count\\(\\*\\) from elile_optimize\\.[a-z_]+\$'"), '4',
    'those on views of the extension are its own');

# The page: the application's by their time in all, the others in one row.
my $http = HTTP::Tiny->new(timeout => 60);
my $page = '';
my $is_shown = sub {
    $page = $http->get("http://127.0.0.1:$port/")->{content} // '';
    return $page =~ /the extension itself: [0-9]/ && $page =~ /as often/;
};
ok(poll($is_shown), 'the page has one row for the others') or diag($page);
my ($slowest) = $page =~ /<section aria-labelledby="slowest">(.*?)<\/section>/s;
ok(defined $slowest, 'the section of the slowest statements');
unlike($slowest, qr/<code>\s*(?:select|with)[^<]*\bfrom\s+(?:pg_|elile_optimize)/i, 'which shows no statement on the catalogue or on the extension');
is(scalar(() = $slowest =~ /the extension itself/g), 1, 'one row for them');
cmp_ok(index($slowest, 'as often'), '<', index($slowest, 'as seldom'), 'the one that took more time in all comes first');
cmp_ok(index($slowest, 'as seldom'), '<', index($slowest, 'the extension itself'), 'the others come last');

done_testing();

# Each limit has one name: a column of info, a metric, and a line in the documents and on the dashboard.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use Patience qw(poll);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'\nelile_optimize.metrics_port = $port");
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');

my $scrape;
ok(poll(sub { $scrape = HTTP::Tiny->new->get("http://127.0.0.1:$port/metrics")->{content}; $scrape =~ /^elile_db_up|^elile_db_queries_total/m }),
    'metrics are served');
my %metric;
$metric{$1} = $2 while $scrape =~ /^elile_optimize_([a-z_]+)_total (\d+)$/mg;
cmp_ok(scalar keys %metric, '>', 20, 'metrics of the extension that count without labels');

my %column = map { split /\|/ } split /\n/, $node->safe_psql('postgres', q{select key, value from elile_optimize.info, jsonb_each_text(to_jsonb(info))
    where key in (select attname from pg_attribute where attrelid = 'elile_optimize.info'::regclass and atttypid = 'bigint'::regtype)
        and key !~ 'bytes$|entries$'});
is_deeply([ sort keys %metric ], [ sort keys %column ], 'are the columns of info that count');

my $metrics = slurp_file("$FindBin::RealBin/docs/metrics.md");
my $limits = slurp_file("$FindBin::RealBin/docs/limits.md");
my $dashboard = slurp_file("$FindBin::RealBin/dashboards/elile_optimize.json");
foreach my $name (sort keys %column)
{
    like($metrics, qr/^\| `elile_optimize_${name}_total` \| counter \| [^|]+ \| `$name` \|/m, "$name is in the document of metrics");
    like($limits, qr/^\| `$name` \|/m, 'in that of limits');
    like($dashboard, qr/\Wincrease\(elile_optimize_${name}_total\{/, 'and on the dashboard');
}
my %known = map { $_ => 1 } keys %column;
is(join(' ', grep { !$known{$_} } $metrics =~ /^\| `elile_optimize_([a-z_]+)_total` \| counter \| [^|]+ \| `\1` \|/mg), 'plans_lost_by_reason', 'the document has no others but one that has labels');

done_testing();

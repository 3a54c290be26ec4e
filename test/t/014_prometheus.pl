# A Prometheus server scrapes the exporter under load: what it computes is what the views say.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use JSON::PP;
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Test::More;
use Time::HiRes qw(time);

for my $program (qw(prometheus promtool))
{
    plan skip_all => "$program is not on PATH"
        if !grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};
my @running;  # of IPC::Run

END
{
    my $exit_code = $?;
    eval { $_->kill_kill(grace => 5) } for @running;
    $? = $exit_code;
}

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $prometheus_port = PostgreSQL::Test::Cluster::get_free_port();
my $http = HTTP::Tiny->new(timeout => 10);

sub status_of
{
    my ($address) = @_;
    return $http->get($address)->{status};
}

# The result of an instant query: { labels, value } for each series.
sub query
{
    my ($expression) = @_;
    my $address = "http://127.0.0.1:$prometheus_port/api/v1/query";
    my $answer = $http->get($address . '?' . $http->www_form_urlencode({ query => $expression }));
    my $content = eval { decode_json($answer->{content}) };
    if (($content->{status} // '') ne 'success')
    {
        diag "$expression: $answer->{status} $answer->{content}";
        return;
    }
    return map { { labels => $_->{metric}, value => $_->{value}[1] } } @{ $content->{data}{result} };
}

sub scalar_of
{
    my ($expression) = @_;
    my @result = query($expression);
    return @result == 1 ? $result[0]{value} : undef;
}

# The same by "operation table", of this database.
sub by_table
{
    my ($expression) = @_;
    return map { join(' ', $_->{labels}{operation}, $_->{labels}{table} // '') => $_->{value} }
        grep { ($_->{labels}{database} // '') eq 'postgres' } query($expression);
}

# The exponent of the bucket's upper bound; the first one reaches down to 0.
sub bucket_of
{
    my ($seconds) = @_;
    my $exponent = -13;
    ++$exponent while $exponent <= 6 && $seconds > 2**$exponent;
    return $exponent;
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
    'postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.slow_query_threshold = 5ms
elile_optimize.log_rate_limit = 1
log_statement = none
});
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
$node->command_ok([ 'pgbench', '-i', '-q', 'postgres' ], 'pgbench -i');
# Executions of very different lengths, and some that fail. No name of a user's is a plain one.
$node->safe_psql(
    'postgres', q{
    create table "odd ""name\\ with" (id int);
    insert into "odd ""name\\ with" values (0), (1);
    create schema other;
    create table other.item (id int);
    insert into other.item values (1)});
my $slow = $node->basedir . '/slow.sql';
append_to_file($slow, q{
\set ms random_exponential(0, 40, 6)
\set long_ms random(130, 200)
select pg_sleep(:ms / 1000.0), bid from pgbench_branches limit 1;
select pg_sleep(:long_ms / 1000.0), tid from pgbench_tellers limit 1;
select count(*) from pgbench_accounts where aid <= :ms * 2500;
update "odd ""name\\ with" set id = id;
insert into other.item values (:ms);
});
my $failing = $node->basedir . '/failing.sql';
append_to_file($failing, "select 1 / (id - id) from other.item;\n" x 20);
ok(poll(sub { status_of("http://127.0.0.1:$port/readyz") == 200 }), 'the exporter is ready');
# Before Prometheus is there, which would see it as a reset of counters.
$node->safe_psql('postgres', 'select elile_optimize.reset()');

my $folder = $node->basedir . '/prometheus';
mkdir $folder;
append_to_file("$folder/prometheus.yml", qq{
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: elile_optimize
    static_configs:
      - targets: ["127.0.0.1:$port"]
});
my $prometheus_log = "$folder/log";
my $prometheus = IPC::Run::start(
    [
        'prometheus', "--config.file=$folder/prometheus.yml", "--storage.tsdb.path=$folder/data",
        "--web.listen-address=127.0.0.1:$prometheus_port"
    ],
    '<', '/dev/null', '>', "$folder/out", '2>', $prometheus_log);
push @running, $prometheus;
ok(poll(sub { status_of("http://127.0.0.1:$prometheus_port/-/ready") == 200 }), 'Prometheus is ready')
    or diag read_file($prometheus_log);
ok(poll(sub { (scalar_of('up') // 0) == 1 }), 'it scrapes');

sub start_load
{
    my ($script, @options) = @_;
    my $run = IPC::Run::start(
        [ 'pgbench', '-n', @options, @$script, $node->connstr('postgres') ],
        '<', '/dev/null', '>', '/dev/null', '2>', $node->basedir . '/pgbench.err');
    push @running, $run;
    return $run;
}

sub finish_load
{
    my ($run) = @_;
    eval { $run->finish };
    is($run->result(0), 0, 'pgbench is content') or diag read_file($node->basedir . '/pgbench.err');
}

note 'load, and an exporter that is killed';
my @load = (
    start_load([ '-b', 'tpcb-like' ], '-c', 2, '-T', 15),
    start_load([ '-f', $slow ], '-c', 4, '-T', 15));
my $began = time;
my @killed;
for my $at (4, 9)
{
    poll(sub { time - $began >= $at });
    $node->psql('postgres', read_file($failing), on_error_stop => 0);
    my ($victim) = exporters_of($node);
    push @killed, $victim;
    kill 'KILL', $victim;
    ok(poll(
            sub {
                my ($now) = exporters_of($node);
                return defined $now && $now != $victim && status_of("http://127.0.0.1:$port/readyz") == 200;
            }, 10),
        "the exporter is back at $at s");
}
finish_load($_) for @load;
ok(poll(sub { (scalar_of('up') // 0) == 1 }, 10), 'it is up');

note 'what Prometheus computes';
my $rows = $node->safe_psql(
    'postgres', q{
    select operation, case when schema_name is null or schema_name = 'public' then '' else schema_name || '.' end
            || coalesce(table_name, ''),
        calls + failed_calls, failed_calls, slow_calls, p95_time / 1000, total_time / 1000
    from elile_optimize.table_operations
    where toplevel and datname = 'postgres' and (table_name is not null or operation = 'utility')
    order by 1, 2});
my %view;
for my $row (split /\n/, $rows)
{
    my ($operation, $table, %row);
    ($operation, $table, @row{qw(queries failed slow p95 total)}) = split /\|/, $row;
    $view{"$operation $table"} = \%row;
}
my @busy = grep { $view{$_}{queries} >= 100 } sort keys %view;
cmp_ok(scalar @busy, '>=', 7, 'there are busy tables');
ok(exists $view{'select other.item'} && $view{'select other.item'}{failed} > 0, 'and failures');
my %queries;
poll(
    sub {
        %queries = by_table('elile_db_queries_total');
        return !grep { ($queries{$_} // -1) != $view{$_}{queries} } keys %view;
    }, 10);
is(join("\n", map { "$_: " . ($queries{$_} // 'absent') } sort keys %view),
    join("\n", map { "$_: $view{$_}{queries}" } sort keys %view),
    'elile_db_queries_total is calls and failed calls');
for my $pair ([ 'failed', 'elile_db_failed_queries_total' ], [ 'slow', 'elile_db_slow_queries_total' ],
    [ 'queries', 'elile_db_query_duration_seconds_count' ],
    [ 'queries', 'elile_db_query_duration_seconds_bucket{le="+Inf"}' ])
{
    my ($column, $metric) = @$pair;
    my %value = by_table($metric);
    is(join("\n", map { "$_: " . ($value{$_} // 'absent') } sort keys %view),
        join("\n", map { "$_: $view{$_}{$column}" } sort keys %view),
        "$metric is the view's");
}
my %sum = by_table('elile_db_query_duration_seconds_sum');
is(join(', ', grep { abs(($sum{$_} // 0) - $view{$_}{total}) > 1e-6 + 1e-6 * $view{$_}{total} } sort keys %view),
    '', 'so are the times');
my %quantile = by_table(
    'histogram_quantile(0.95, sum by (le, operation, table, database) (elile_db_query_duration_seconds_bucket))');
my %buckets;
for my $name (@busy)
{
    my ($theirs, $ours) = ($quantile{$name} // 'NaN', $view{$name}{p95});
    note sprintf('%-32s %6d executions, p95 %.6f s by Prometheus, %.6f s by the view',
        $name, $view{$name}{queries}, $theirs, $ours);
    is(bucket_of($theirs), bucket_of($ours), "p95 of $name is in the same bucket");
    $buckets{ bucket_of($ours) } = 1;
}
cmp_ok(scalar keys %buckets, '>=', 2, 'which is not the same for all');
note 'upper bounds of these buckets: ' . join(', ', map { "2^$_ s" } sort { $a <=> $b } keys %buckets);
my $increase = scalar_of('sum(increase(elile_db_queries_total[1m]))') // 0;
cmp_ok($increase, '>', 0, 'the counters increase');
note "sum(increase(elile_db_queries_total[1m])) = $increase";
# One metric at a time, because resets() drops their names.
my @counters = map { $_->{labels}{__name__} }
    query('count by (__name__) ({__name__=~"elile_.+_(total|count|sum|bucket)"})');
cmp_ok(scalar @counters, '>=', 20, 'there are counters');
my $seen = 0;
for my $metric (@counters)
{
    my @result = query("resets($metric\[5m])");
    my @reset = grep { $_->{value} != 0 } @result;
    $seen += @result;
    is(scalar @reset, 0, "no reset of $metric, though the exporter was killed") or diag explain \@reset;
}
note "$seen series of counters";

note 'reset()';
my %before = by_table('elile_db_query_duration_seconds_count');
$node->safe_psql('postgres', 'select elile_optimize.reset()');
finish_load(start_load([ '-f', $slow ], '-c', 1, '-t', 20));
finish_load(start_load([ '-b', 'tpcb-like' ], '-c', 1, '-t', 20));
my %count;
poll(
    sub {
        %count = by_table('elile_db_query_duration_seconds_count');
        return !grep { ($count{$_} // 1e9) >= $before{$_} } @busy;
    }, 10);
for my $metric (qw(elile_db_query_duration_seconds_count elile_db_queries_total))
{
    my %reset = by_table("resets($metric\[5m])");
    is(join("\n", map { "$_: " . ($reset{$_} // 'absent') } @busy),
        join("\n", map { "$_: 1" } @busy),
        "one reset of $metric");
}
my %bucket_resets = by_table(q(max by (operation, table, database) (resets(elile_db_query_duration_seconds_bucket[5m]))));
is(scalar(grep { ($bucket_resets{$_} // 0) != 1 } @busy), 0, 'of the buckets too');

note 'scrapes';
my $longest = scalar_of('max_over_time(scrape_duration_seconds[5m])');
note sprintf('scrape_duration_seconds: %.4f s on average, %.4f s at most; samples: %d; up at %.1f %% of scrapes',
    scalar_of('avg_over_time(scrape_duration_seconds[5m])'), $longest,
    scalar_of('max_over_time(scrape_samples_scraped[5m])'), 100 * scalar_of('avg_over_time(up[5m])'));
my $own = $http->get("http://127.0.0.1:$prometheus_port/metrics")->{content};
for my $kind (qw(out_of_order duplicate_timestamp out_of_bounds))
{
    like($own, qr/^prometheus_target_scrapes_sample_${kind}_total 0$/m, "no sample dropped as $kind");
}
my $log = read_file($prometheus_log);
unlike($log, qr/out.of.order|duplicate|different value|Append failed|level=error/i, 'its log is clean');
note "Prometheus: $_" for grep { /level=(warn|error)/ } split /\n/, $log;

note 'promtool';
my $text = $http->get("http://127.0.0.1:$port/metrics")->{content};
my ($out, $err) = ('', '');
my $is_well = IPC::Run::run([ 'promtool', 'check', 'metrics' ], '<', \$text, '>', \$out, '2>', \$err);
ok($is_well, 'promtool check metrics');
is("$out$err", '', 'which has nothing to say');
like($text, qr/^elile_db_queries_total\{[^}]*table="odd \\"name\\\\ with"/m, 'names are escaped');
done_testing();

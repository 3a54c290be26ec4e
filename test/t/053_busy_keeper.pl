# The keeper is stopped at any moment: whoever asks the exporter gets all there is. And what the exporter takes
# goes with the tables that are in use, not with those that have room.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Test::More;
use Time::HiRes qw(usleep);

delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};
my $stopped;

END
{
    my $exit_code = $?;
    kill 'CONT', $stopped if defined $stopped;
    $? = $exit_code;
}

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->append_conf(
    'postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.metrics_max_tables = 10000
elile_optimize.max_tables = 20000
});
$node->start;

sub ask
{
    my ($method, $path, %headers) = @_;
    return HTTP::Tiny->new(timeout => $PostgreSQL::Test::Utils::timeout_default)
        ->request($method, "http://127.0.0.1:$port$path", { headers => \%headers });
}

# A metric's lines without their values, which go on from one scrape to the next.
sub series_of
{
    my ($text, $metric) = @_;
    return sort grep { defined } map { /^(\Q$metric\E\{.*\}) / ? $1 : undef } split /\n/, $text;
}

sub series_now { return series_of(ask('GET', '/metrics')->{content}, 'elile_db_queries_total') }

sub memory_of
{
    my ($pid, $name) = @_;
    my ($kilobytes) = read_file("/proc/$pid/status") =~ /^$name:\s*(\d+) kB$/m;
    return $kilobytes / 1024;
}

becomes('it is healthy', sub { ask('GET', '/healthz')->{content} }, "ok\n");
$node->safe_psql('postgres', 'create extension elile_optimize');
my $keeper = keeper_of($node);
my ($exporter) = exporters_of($node);
ask('GET', '/healthz') for 1 .. 20;
ask('GET', '/metrics') for 1 .. 3;
my $shared = memory_of($exporter, 'RssShmem');
cmp_ok($shared, '<', 10, 'the exporter touches no series that is not in use');
note sprintf 'the exporter has touched %.1f MB of the segment', $shared;

my $tables = 500;
$node->safe_psql('postgres',
    "select count(elile_optimize.record_db_query(operation, 'table_' || n, 0.01)) "
        . "from generate_series(1, $tables) n, unnest(array['select', 'insert', 'update']) operation");
poll(sub { grep({ /table_$tables"/ } series_now()) == 3 });
my @all = series_now();
cmp_ok(scalar @all, '>=', 3 * $tables, 'all series are there');

note 'the keeper stopped at random';
my (%answers, %lacking);
my $rounds = 60;
for my $round (1 .. $rounds)
{
    usleep(rand 50_000); # a moment of the keeper's work that nothing here depends on
    $stopped = $keeper;
    kill 'STOP', $keeper;
    ++$answers{ ask('GET', '/healthz')->{content} } for 1 .. 5;
    if ($round % 3 == 0)
    {
        my %found = map { $_ => 1 } series_now();
        $lacking{$_} = 1 for grep { !$found{$_} } @all;
    }
    kill 'CONT', $keeper;
    undef $stopped;
    ++$answers{ ask('GET', '/healthz')->{content} };
    # Whatever the machine's load, the sample must not come to be so old that it is not healthy any more.
    if ($round % 10 == 0)
    {
        $node->safe_psql('postgres', "select elile_optimize.record_db_query('select', 'round_$round', 0.01)");
        poll(sub { grep { /"round_$round"/ } series_now() });
    }
}
delete $answers{"ok\n"} and is_deeply(\%answers, {}, 'healthy at each look');
is_deeply([ sort keys %lacking ], [], 'and no series was missing');

note 'both forms of the text';
my $plain = ask('GET', '/metrics');
my $packed = ask('GET', '/metrics', 'Accept-Encoding' => 'gzip');
is($plain->{headers}{'content-encoding'}, undef, 'plain unless the client takes gzip');
is($packed->{headers}{'content-encoding'}, 'gzip', 'packed where it does');
is($_->{headers}{vary}, 'Accept-Encoding', 'caches are told so') for $plain, $packed;
is($_->{headers}{'content-length'}, length $_->{content}, 'the length is said') for $plain, $packed;
gunzip(\$packed->{content}, \my $unpacked) or die $GunzipError;
is_deeply([ series_of($unpacked, $_) ], [ series_of($plain->{content}, $_) ], "the same series of $_")
    for 'elile_db_queries_total', 'elile_db_query_duration_seconds_bucket', 'elile_db_n_plus_one_total';
cmp_ok(length $packed->{content}, '<', length($plain->{content}) / 10, 'a tenth, or less');
is(ask('GET', '/metrics', 'Accept-Encoding' => 'gzip;q=0, identity')->{headers}{'content-encoding'},
    undef, 'not where it refuses');
my $head = ask('HEAD', '/metrics', 'Accept-Encoding' => 'gzip');
is($head->{content} // '', '', 'HEAD has no body');
is($head->{headers}{'content-encoding'}, 'gzip', 'and the same headers');

note 'memory';
my $peak = memory_of($exporter, 'VmHWM');
cmp_ok($peak, '<', 40, 'the exporter stays small');
note sprintf 'the exporter took %.1f MB at most, a plain scrape has %.1f MB', $peak,
    length($plain->{content}) / 1024**2;
is("@{[exporters_of($node)]}", $exporter, 'the same exporter');
done_testing();

# What the demo's reports, README and docs/ print above a result is the statement that gives it, columns and all; what they
# give to be pasted runs.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
max_connections = 60
elile_optimize.slow_query_threshold = 0
elile_optimize.log_query_plan = on
elile_optimize.inline_index_limit = 0
elile_optimize.n_plus_one_threshold = 10
});
$node->start;

# A database in which every report has something to say.
$node->safe_psql('postgres', 'create role app; create database appdb');
$node->safe_psql('postgres', slurp_file("$FindBin::RealBin/workload/schema.sql"));
$node->safe_psql('postgres', q{
insert into tenants (name, slug) values ('Acme', 'acme');
insert into entities select md5(n::text)::uuid, 'individual', '{}', now(), now(), (select tenant_id from tenants)
from generate_series(1, 50) n;
insert into entity_profiles (entity_id, version, trigger_type, findings, risk_score, connections, connection_count,
    data_sources_used, stale_data_used, evolution_signals)
select md5(n::text)::uuid, v, 'manual', '{}', '{}', '[]', 0, '[]', '[]', '{}'
from generate_series(1, 50) n, generate_series(1, 2) v;
create extension elile_optimize;
analyze});
$node->psql('postgres', 'select 1 / (n - 5) from generate_series(1, 10) n');
$node->safe_psql('postgres', join '',
    "select entity_id from entities where tenant_id = (select tenant_id from tenants where slug = 'acme') limit 50;\n",
    map { "select * from entity_profiles where entity_id = md5('$_')::uuid;\n" } 1 .. 50);
$node->safe_psql('postgres', q{create table before as select queryid, p95_exec_time, query from elile_optimize.statements});

sub psql
{
    my (@arguments) = @_;
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), @arguments ], '>', \$out, '2>', \$err);
    return ($out, $err);
}

# Column names of a result's first line.
sub columns { my ($line) = @_; return join '|', map { s/^\s+|\s+$//gr } split /\|/, $line; }

sub gives
{
    my ($statement, $header, $name) = @_;
    my ($out, $err) = psql('-A', '-c', $statement);
    is($err, '', "$name: can be pasted");
    is((split /\n/, $out)[0], columns($header), 'and gives the columns shown');
    return;
}

# Headings are comments; each is followed by its statement and the statement's result.
sub check_report
{
    my ($text, $name, $most) = @_;
    my @parts = split /^(?=-- [A-Z])/m, $text;
    shift @parts if $parts[0] !~ /^-- /;
    cmp_ok(scalar(@parts), '>=', $most, "$name has headings");
    for my $part (@parts)
    {
        my ($heading, $statement, $header) = $part =~ /\A-- ([^\n]+)\n(\w.*?;)\n([^\n]+)/s or do { fail("$name: $part"); next };
        gives($statement, $header, "$name: $heading");
    }
    return;
}

for my $report ([ 'report.sql', 6 ], [ 'index_report.sql', 2 ])
{
    my ($file, $headings) = @$report;
    my ($out, $err) = psql('-f', "$FindBin::RealBin/workload/$file");
    is($err, '', "$file runs");
    check_report($out, $file, $headings);
}

my %pages = map { m{([^/]+)\z} => slurp_file($_) } "$FindBin::RealBin/README.md", glob("$FindBin::RealBin/docs/*.md");
cmp_ok(scalar(keys %pages), '>=', 10, 'there are pages');

# [ what stands behind the fence, what the block has ] for each block of a page.
sub blocks
{
    my ($page) = @_;
    my @blocks;
    push @blocks, [ $1, $2 ] while $pages{$page} =~ /^```(\w*)\n(.*?)^```$/msg;
    return @blocks;
}

my ($report) = blocks('README.md');
check_report($report->[1], 'README', 2);
my $whole_report = slurp_file("$FindBin::RealBin/workload/report.sql");
for my $statement ($report->[1] =~ /^(select .*?;)\n/msg)
{
    ok(index($whole_report, $statement) >= 0, "the demo prints README's " . (split /\n/, $statement)[0]);
}

# What does not depend on load: its lines are in the output as they are shown, "..." for what is left out.
my $always_same = qr/pool_config|preset_sql|pool_presets|select suggestion/;

sub has_lines
{
    my ($shown, $result, $name) = @_;
    my %is_there = map { columns($_) => 1 } split /\n/, $result;
    for my $line (grep { /[^-+\s]/ && !/^\s*\.\.\.$/ } split /\n/, $shown)
    {
        my $pattern = join '.*', map { quotemeta } split /\.\.\./, columns($line), -1;
        ok((grep { /\A$pattern\z/ } keys %is_there), "$name has the line: " . columns($line));
    }
    return;
}

# Statements have a prompt before them, and those of a block follow each other in one session.
sub check_prompts
{
    my ($page, $block) = @_;
    my (@script, @expected);
    for my $part (split /^(?=\# )/m, $block)
    {
        my ($statement, $shown) = $part =~ /\A\# (select.*?(?:;|\\gset))\n(.*)\z/s or next;
        my ($header) = $shown =~ /\A([^\n]*)\n-[-+]+\n/;
        push @script, '\echo STATEMENT', $statement;
        push @expected, [ $statement, $shown, $header ];
    }
    return 0 if !@script;
    my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
    append_to_file($file, join '', map { "$_\n" } @script);
    my ($out, $err) = psql('-A', '-f', $file);
    is($err, '', "$page: $expected[0][0]");
    my (undef, @results) = split /^STATEMENT\n/m, $out, -1;
    for my $at (0 .. $#expected)
    {
        my ($statement, $shown, $header) = @{ $expected[$at] };
        my $result = $results[$at] // '';
        is((split /\n/, $result)[0], columns($header), "$page has the columns of: $statement") if defined $header;
        has_lines($shown, $result, $page) if $statement =~ $always_same;
    }
    return scalar @expected;
}

my $shown = 0;
for my $page (sort keys %pages)
{
    $shown += check_prompts($page, $_->[1]) for blocks($page);
}
cmp_ok($shown, '>=', 25, 'the pages have statements with a prompt');

# What may be pasted. A database that the extension comes to, or that it leaves, is one of its own.
sub database_for
{
    my ($sql) = @_;
    return 'postgres' if $sql !~ /\b(create|drop|alter) extension\b/;
    $node->safe_psql('postgres', 'drop database if exists of_its_own');
    $node->safe_psql('postgres', 'create database of_its_own');
    $node->safe_psql('of_its_own', 'create extension elile_optimize') if $1 ne 'create';
    return 'of_its_own';
}

my $pasted = 0;
for my $page (sort keys %pages)
{
    for my $sql (map { $_->[1] } grep { $_->[0] eq 'sql' } blocks($page))
    {
        ++$pasted;
        is(($node->psql(database_for($sql), $sql, on_error_stop => 1))[0], 0, "$page: " . (split /\n/, $sql)[0]);
    }
}
cmp_ok($pasted, '>=', 8, 'the pages have statements to be pasted');
$node->stop;
done_testing();

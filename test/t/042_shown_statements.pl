# What the demo's reports and README print above a result is the statement that gives it, columns and all.
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

my $readme = slurp_file("$FindBin::RealBin/README.md");
my @blocks = $readme =~ /^```\w*\n(.*?)^```$/msg;
check_report($blocks[0], 'README', 3);

# Further down statements have a prompt before them, and those of a block follow each other in one session.
my $shown = 0;
for my $block (@blocks)
{
    my (@script, @expected);
    while ($block =~ /^\# (select.*?(?:;(?:[ ]+--[^\n]*)?|\\gset))\n(?=([^\n]*)\n(-[-+]+\n)?)/msg)
    {
        my ($statement, $header, $line) = ($1, $2, $3);
        push @script, '\echo STATEMENT', $statement;
        push @expected, [ $statement, $line ? columns($header) : undef ];
    }
    next if !@script;
    my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
    append_to_file($file, join '', map { "$_\n" } @script);
    my ($out, $err) = psql('-A', '-f', $file);
    is($err, '', "README: $expected[0][0]");
    my (undef, @results) = split /^STATEMENT\n/m, $out, -1;
    for my $at (0 .. $#expected)
    {
        my ($statement, $names) = @{ $expected[$at] };
        ++$shown;
        is((split /\n/, $results[$at] // '')[0], $names, "README has the columns of: $statement") if defined $names;
    }
}
cmp_ok($shown, '>=', 10, 'README has statements with a prompt');
$node->stop;
done_testing();

# A slow statement is one log entry, with its plan and without its literals, in the forms that log
# readers know; pgBadger is one of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use JSON::PP;
use Patience;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
log_statement = none
log_min_error_statement = panic
log_line_prefix = '%t [%p]: user=%u,db=%d,app=%a,client=%h '
});
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');

sub logged
{
    my ($settings, $statement) = @_;
    my $from = -s $node->logfile;
    $node->psql('postgres', "$settings; $statement");
    # What is written before this line can be read once it is there.
    $node->psql('postgres', q{do $$ begin raise log 'all is written'; end $$});
    $node->wait_for_log(qr/all is written/, $from);
    return slurp_file($node->logfile, $from);
}
my $slow = 'set elile_optimize.slow_query_threshold = 0';
my $log = logged($slow, "select 'hunter2' as secret, 1234567 from pg_class where relname <> 'hunter2'");
like($log, qr/LOG:  duration: [\d.]+ ms  statement: select \$1 as secret, \$2 from pg_class where relname <> \$3\n/,
    'its form');
like($log, qr/DETAIL:  queryid=-?\d+ operation=select rows=\d+ threshold_ms=0 toplevel=true execution_ms=[\d.]+ plan_ms=[\d.]+ wait_before_ms=[\d.]+ slow_by=execution plan_id=-?\d+\n\tplan:\n\tSeq Scan on pg_class .*\n\t  Filter: \(relname <> \$3\)\n/,
    'its details and plan');
is(() = $log =~ /as secret/g, 1, 'one entry');
unlike($log, qr/hunter2|1234567/, 'no literal');

# A failed one is logged with its plan, when that is known.
my $offset = -s $node->logfile;
$node->psql('postgres', "$slow; select 1 / (relpages - relpages) as secret from pg_class where relname <> 'hunter2'");
ok($node->wait_for_log(
        qr/statement: select \$1 \/ .*as secret.*\n.*DETAIL:  .*sqlstate=22012.*\n\tplan:\n\tSeq Scan/, $offset),
    'a failed one');
$log = logged("$slow; set elile_optimize.log_parameters = on", "select 'hunter2' as secret");
like($log, qr/as secret\n.*DETAIL:  .* parameters: \$1 = 'hunter2'\n/, 'parameters');

$log = logged("$slow; set elile_optimize.log_format = json", q{select 'hunter2', true as "se\cret"});
my ($json) = $log =~ /LOG:  (\{.*se\\+cret.*\})/;
my $decoded = decode_json($json);
is($decoded->{statement}, 'select $1, true as "se\cret"', 'json: the statement');
like($decoded->{plan}, qr/^Result /, 'json: the plan');
like($decoded->{queryid}, qr/^-?\d+$/, 'json: the identifier');
unlike($log, qr/hunter2/, 'json: no literal');

$log = logged("$slow; set elile_optimize.enable_query_logging = off", "select 'hunter2' as secret, 1, 2");
unlike($log, qr/secret/, 'none with enable_query_logging = off');
$log = logged('set elile_optimize.slow_query_threshold = -1', "select 'hunter2' as secret, 1, 2");
unlike($log, qr/secret/, 'none with slow_query_threshold = -1');

# A plan that becomes a worse one is told once.
my $from = -s $node->logfile;
$node->safe_psql('postgres', q{
    create table item (id int, name text);
    insert into item select g, 'n' || g from generate_series(1, 50000) g;
    create index item_id on item (id);
    analyze item;
    set elile_optimize.slow_query_threshold = 0;
    } . 'select name from item where id = 5;' x 5 . 'drop index item_id;'
        . 'select name from item where id = 5;' x 5);
$node->wait_for_log(qr/LOG:  the plan of statement -?\d+ changed and its mean time went from [\d.]+ to [\d.]+ ms/,
    $from);
is(() = slurp_file($node->logfile, $from) =~ /the plan of statement/g, 1, 'a worse plan, told once');
is($node->safe_psql('postgres', q{
        select plans_seen, plan_changed_at is not null, plan_regressed from elile_optimize.statements
        where query ~ 'name from item'}),
    '2|t|t',
    'and marked');
is($node->safe_psql('postgres', q{
        select count(*), count(distinct plan_id) from elile_optimize.slow_queries
        where query ~ 'name from item' and plan ~ 'item_id|Seq Scan'}),
    '10|2',
    'both plans can be read');

# A reload reaches sessions that are there.
my $session = $node->background_psql('postgres');
is($session->query('show elile_optimize.slow_query_threshold'), '100ms', 'production');
$node->safe_psql('postgres', q{alter system set elile_optimize.environment = 'development'});
$node->reload;
poll(sub { $session->query('show elile_optimize.environment') eq 'development' }) or die 'no reload';
is($session->query('show elile_optimize.slow_query_threshold'), '200ms', 'development, after a reload');
is($session->query('show elile_optimize.log_parameters'), 'on', 'its parameters are kept');
$session->quit;

# What pgBadger makes of it.
my $report = $node->basedir . '/report.json';
command_ok([ 'pgbadger', '--quiet', '--prefix', '%t [%p]: user=%u,db=%d,app=%a,client=%h ',
        '--format', 'stderr', '--extension', 'json', '--outfile', $report, $node->logfile ],
    'pgbadger');
my $slowest = decode_json(slurp_file($report))->{top_slowest}{postgres};
ok((grep { $_->[2] =~ /^select name from item where id = .*plan:.*Seq Scan on item/s } @$slowest),
    'our statement is among its slowest, with its plan');
done_testing();

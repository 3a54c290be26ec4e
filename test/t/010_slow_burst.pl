# A burst of slow statements, read while it is written: every execution is counted, no row is torn,
# and the log gets what it may get and no more.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $limit = 20;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_ring = 200
elile_optimize.log_rate_limit = $limit
elile_optimize.slow_query_threshold = -1
log_statement = none
log_disconnections = off
log_connections = off
max_connections = 40
});
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
$node->command_ok([ 'pgbench', '-i', '-q', 'postgres' ], 'pgbench -i');

# Two statements that a torn row would mix up: text, table, rows and plan belong together.
my $script = $node->basedir . '/burst.sql';
append_to_file($script, q{
\set id random(1, 100000)
set elile_optimize.slow_query_threshold = 0;
select abalance from pgbench_accounts where aid = :id;
select tid, tbalance from pgbench_tellers where tid > 0;
set elile_optimize.slow_query_threshold = -1;
});
my $reader = $node->basedir . '/reader.sql';
append_to_file($reader, "select check_rows();\n");
$node->safe_psql('postgres', q{
    create function check_rows() returns void language plpgsql as $$
    declare torn record;
    begin
        select * into torn from elile_optimize.slow_queries
        where not coalesce(case table_name
            when 'pgbench_accounts' then rows = 1 and query ~ '^select abalance from pgbench_accounts where aid = \$1'
                and plan ~ '^Index Scan using pgbench_accounts_pkey on pgbench_accounts .*\n  Index Cond: \(aid = \$1\)$'
            when 'pgbench_tellers' then rows = 10 and query ~ '^select tid, tbalance from pgbench_tellers where tid > \$1'
                and plan ~ '^Seq Scan on pgbench_tellers .*\n  Filter: \(tid > \$1\)$'
            else true end, false);
        if found then
            raise exception 'torn: %', torn;
        end if;
    end $$;});
$node->safe_psql('postgres', 'select elile_optimize.reset()');
my $transactions = 1000;
my $reading = IPC::Run::start(
    [ 'pgbench', '-n', '-c', 3, '-j', 1, '-T', 600, '-f', $reader, $node->connstr('postgres') ],
    '>', \my $read, '2>', \my $read_errors);
my $began = time;
$node->command_ok(
    [ 'pgbench', '-n', '-c', 8, '-j', 2, '-t', $transactions, '-f', $script, 'postgres' ], 'the burst');
my $seconds = time - $began + 2;
$node->safe_psql('postgres', 'select check_rows()');
$reading->signal('INT');
$reading->finish;
unlike($read_errors, qr/torn|ERROR/, 'no reader saw a torn row');
# Of an entry that two sessions made at once, the keeper folds one into the other within a second.
becomes('every execution is counted', sub { $node->safe_psql('postgres', q{
        select table_name, calls, slow_calls from elile_optimize.statements
        where table_name in ('pgbench_accounts', 'pgbench_tellers') and query ~ '^select (abalance|tid)' order by 1}) },
    "pgbench_accounts|8000|8000\npgbench_tellers|8000|8000");
my $lines = () = slurp_file($node->logfile) =~ /LOG:  duration: .*statement: /g;
cmp_ok($lines, '<=', $limit * $seconds, 'lines of the log within the limit');
cmp_ok($lines, '>', 0, 'but some');
# Slow were these, and the SET after each round's threshold took hold.
becomes('what was left out is counted', sub { $node->safe_psql('postgres', q{
        select sum(slow_calls) - (select log_suppressed from elile_optimize.info) from elile_optimize.statements}) },
    $lines);
is($node->safe_psql('postgres', 'select plans_dropped, plans_lost, slow_dropped < 160 from elile_optimize.info'),
    '0|0|t', 'nothing else was lost');
$node->wait_for_log(qr/LOG:  \d+ lines on slow statements were left out of the log/);
pass('the log says so');
done_testing();

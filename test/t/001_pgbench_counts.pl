# Every statement of pgbench is counted exactly once, in each protocol.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
$node->command_ok([ 'pgbench', '-i', '-q', 'postgres' ], 'pgbench -i');

for my $mode (qw(simple extended prepared))
{
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    $node->command_ok(
        [ 'pgbench', '-n', '-M', $mode, '-c', 4, '-j', 2, '-t', 250, 'postgres' ],
        "pgbench, $mode");
    # Of an entry that two sessions made at once, the keeper folds one into the other within a second.
    becomes("statements, $mode", sub { $node->safe_psql(
                'postgres', q{
        select operation, table_name, calls, failed_calls, rows
        from elile_optimize.statements
        where query ~ 'pgbench_(accounts|tellers|history)' or query ~* '^update pgbench_branches'
        order by operation, table_name}) },
        join("\n",
            'insert|pgbench_history|1000|0|1000',
            'select|pgbench_accounts|1000|0|1000',
            'update|pgbench_accounts|1000|0|1000',
            'update|pgbench_branches|1000|0|1000',
            'update|pgbench_tellers|1000|0|1000'));
    becomes("transactions, $mode", sub { $node->safe_psql(
                'postgres', q{
        select lower(query), calls from elile_optimize.statements
        where query ~* '^(begin|end)' order by 1}) },
        "begin|1000\nend|1000");
}

# The extension times itself on one execution in 1,024, at most 2,047 apart.
$node->safe_psql(
    'postgres', q{
    set elile_optimize.track = 'all';
    do $$
    begin
        for i in 1..5000 loop
            perform abalance from pgbench_accounts where aid = i;
        end loop;
    end $$});
is($node->safe_psql(
        'postgres', q{
    select overhead_per_statement_ns >= 0, overhead_share between 0 and 1, stripes_dropped
    from elile_optimize.info}),
    't|t|0',
    'what capturing costs');
done_testing();

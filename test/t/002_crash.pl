# A backend killed with -9: what was counted before is still there, and counting goes on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'\nrestart_after_crash = on");
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create table item (id int)');
$node->safe_psql('postgres', 'insert into item values (1);' x 50);

my $calls = q{select coalesce(sum(calls), 0) from elile_optimize.table_operations
    where table_name = 'item' and operation = 'insert'};
is($node->safe_psql('postgres', $calls), '50', 'calls before');
$node->safe_psql('postgres', 'set elile_optimize.slow_query_threshold = 0; select count(*) from item');
my $plan = q{select plan ~ '^Aggregate .*Seq Scan on item' from elile_optimize.slow_queries
    where table_name = 'item'};
is($node->safe_psql('postgres', $plan), 't', 'a plan before');

for my $round (1 .. 3)
{
    my ($in, $out, $err) = ('', '', '');
    my $victim = IPC::Run::start(
        [ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-f', '-' ],
        '<', \$in, '>', \$out, '2>', \$err,
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    $in .= "select pg_backend_pid();\n";
    $victim->pump until $out =~ /\d+\s/;
    my ($pid) = $out =~ /(\d+)/;
    my $from = -s $node->logfile;
    kill 'KILL', $pid;
    $in .= "select 1;\n";
    eval { $victim->finish };
    $node->wait_for_log(qr/database system is ready to accept connections/, $from);
    ok($node->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}),
        "ready after crash $round");
    is($node->safe_psql('postgres', $calls), 50 + $round - 1, "calls kept after crash $round");
    is($node->safe_psql('postgres', $plan), 't', "the plan kept after crash $round");
    $node->safe_psql('postgres', 'insert into item values (1)');
    is($node->safe_psql('postgres', $calls), 50 + $round, "counting goes on after crash $round");
}
done_testing();

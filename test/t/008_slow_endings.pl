# However a slow statement ends, its row tells how, at once, and its plan follows by itself: the
# session need not send anything more.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = 10
log_min_error_statement = panic
log_statement = none
max_parallel_workers_per_gather = 0
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table item (id int primary key, name text);
    insert into item select g, 'n' || g from generate_series(1, 1000) g;
    analyze item;});
my $join = q{select count(*) from item a, item b, item c where a.name || b.name || c.name <> 'secret'};

sub is_kept
{
    my ($sqlstate, $what, $plan) = @_;
    my $kept = $node->poll_query_until('postgres', qq{
        select count(*) = 1 from elile_optimize.slow_queries
        where sqlstate = '$sqlstate' and plan ~ '$plan' and duration_ms >= 10 and plan_id is not null});
    ok($kept, "$what: $sqlstate, with its plan");
    my $log = slurp_file($node->logfile);
    like($log, qr/LOG:  duration: .*statement: .*\n.*DETAIL:  .*sqlstate=$sqlstate.*\n\tplan:\n\t/, "$what: logged");
    unlike($log, qr/secret/, 'without literals');
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
}

# Each in a session that stays, idle, unless it is what ends.
sub begin_session { return $node->background_psql('postgres', on_error_stop => 0); }
my $session = begin_session();
$session->query("set statement_timeout = 500; $join");
is_kept('57014', 'statement_timeout', 'Join Filter: .*<> \$1');
$session->query('reset statement_timeout');
$session->query(q{select 1 / (id - 500) from item where pg_sleep(0.0001) is not null and name <> 'secret'});
is_kept('22012', 'an error', 'Seq Scan on item');

# A session of its own that runs the join, and stays when that has ended.
sub begin_join
{
    my ($in, $out, $err) = ("set application_name = 'joins'; select 'begun';\n$join;\n", '', '');
    my $psql = IPC::Run::start(
        [ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-f', '-' ],
        '<', \$in, '>', \$out, '2>', \$err,
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    $psql->pump until $out =~ /begun/;
    # Long enough to be executing by then, where the machine is busy too.
    my $running = q{from pg_stat_activity where application_name = 'joins' and state = 'active'
        and query ~ '^select count' and now() - query_start > '500ms'};
    $node->poll_query_until('postgres', "select count(*) = 1 $running") or die 'no join';
    return ($psql, $node->safe_psql('postgres', "select pid $running"));
}
my ($joining, $pid) = begin_join();
$node->safe_psql('postgres', "select pg_cancel_backend($pid)");
is_kept('57014', 'pg_cancel_backend', 'Join Filter');
$joining->finish;

my $holder = begin_session();
$holder->query('begin; select * from item where id = 7 for update');
$session->query('set lock_timeout = 100; update item set name = $$secret$$ where id = 7');
is_kept('55P03', 'lock_timeout on a row', 'Index Scan using item_pkey.*Index Cond: \(id = \$2\)');
$holder->query('rollback');
$holder->quit;

# A transaction that stays aborted holds no lock, so that the plan does not wait for its end.
$session->query('reset lock_timeout; set statement_timeout = 500; begin');
$session->query($join);
is($node->safe_psql('postgres', q{select count(*) from elile_optimize.slow_queries where sqlstate = '57014'}),
    '1', 'the row of an aborted transaction is there at once');
is_kept('57014', 'in an aborted transaction', 'Join Filter');
$session->query('rollback');

eval { $session->quit };
($joining, $pid) = begin_join();
$node->safe_psql('postgres', "select pg_terminate_backend($pid)");
is_kept('57P01', 'pg_terminate_backend', 'Join Filter');
eval { $joining->finish };

is($node->safe_psql('postgres', 'select plans_lost, plans_dropped from elile_optimize.info'), '0|0', 'none was lost');
done_testing();

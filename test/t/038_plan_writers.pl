# Whoever writes down what failed: in each database, for each role, with nobody to be had, when it is
# ended in between, in a storm, and on a standby.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = 0
elile_optimize.log_rate_limit = -1
elile_optimize.slow_query_ring = 20000
log_min_error_statement = panic
log_min_messages = log
log_statement = none
max_worker_processes = 8
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create role nobody nologin;
    create role limited login connection limit 0;
    create table item (id int primary key, name text);
    insert into item select g, 'n' || g from generate_series(1, 100) g;
    analyze item;
    grant all on item to nobody, limited;
    create schema other;
    grant all on schema other to nobody;
    create function other.same(int) returns int language plpgsql immutable as 'begin return $1; end';
});
my $failing = 'select 1 / (id - id) from item';

# A session whose statement fails when it is let.
my $gate = Session->new($node);
sub begin_failing
{
    my ($first) = @_;
    my $session = Session->new($node);
    $gate->ask('select pg_advisory_lock(7)');
    $session->ask($first);
    $session->tell('select pg_advisory_xact_lock(7), 1 / (id - id) from item where id = 1');
    $node->poll_query_until('postgres', q{select count(*) = 1 from pg_locks where locktype = 'advisory' and not granted}) or die;
    return $session;
}

sub let_fail
{
    my ($session) = @_;
    $gate->ask('select pg_advisory_unlock(7)');
    $session->ask('select 1');
    return;
}

# Roles: one that may not log in, one without a connection left, one whose rights go, one that goes.
my $reset = 'select elile_optimize.reset()';
for my $role (qw(nobody limited))
{
    $node->psql('postgres', "set role $role; $failing");
    ok($node->poll_query_until('postgres', "select count(plan) = 1 from elile_optimize.slow_queries where username = '$role' and sqlstate = '22012'"),
        "a plan of $role");
}
$node->safe_psql('postgres', $reset);
$node->safe_psql('postgres', 'create role passing; grant all on item to passing');
my $locker = Session->new($node);
my $one = begin_failing('set role passing');
$locker->tell(q{begin; revoke all on item from nobody, limited, passing; lock table item; select 'locked'});
let_fail($one);
$locker->ask('select 1');
$locker->ask('commit');
ok($node->poll_query_until('postgres', q{select count(plan) = 1 from elile_optimize.slow_queries where query ~ 'pg_advisory' and sqlstate = '22012'}),
    'a plan of a role that has lost its rights');
$node->safe_psql('postgres', 'drop role passing');
$_->close foreach ($locker, $one);

# Names are as the session would have them, and so one plan has one text.
$node->safe_psql('postgres', $reset);
my $named = 'select other.same(id) / (id - id) from item where other.same(id) > 0';
for my $path ('other, public', 'public')
{
    $node->psql('postgres', "set search_path = $path; $named");
    my $shown = $path =~ /other/ ? 'same' : 'other.same';
    ok($node->poll_query_until('postgres', "select bool_and(plan ~ 'Filter: \\($shown\\(id\\) > \\\$\\d\\)') from elile_optimize.slow_queries where query ~ 'other.same' and sqlstate = '22012'"),
        "search_path = $path: $shown()");
    $node->safe_psql('postgres', $reset);
}

# Databases: many at once, and one that goes.
my @databases = map { "base$_" } 1 .. 12;
$node->safe_psql('postgres', "create database $_") foreach @databases;
$node->safe_psql($_, 'create table item (id int primary key)') foreach @databases;
$node->safe_psql($_, 'insert into item values (1)') foreach @databases;
$node->safe_psql('postgres', $reset);
$node->psql($_, $failing) foreach @databases;
ok($node->poll_query_until('postgres', q{select count(plan) = 12 from elile_optimize.slow_queries where sqlstate = '22012'}),
    'a plan in each of twelve databases');
$node->safe_psql('postgres', "drop database $_") foreach @databases;
is($node->safe_psql('postgres', 'select 1'), '1', 'databases can be dropped meanwhile');

# A storm: each execution is counted, each row is there, and what had no room is counted.
$node->safe_psql('postgres', $reset);
my $lost = $node->safe_psql('postgres', 'select plans_lost from elile_optimize.info');
my $script = $node->basedir . '/storm.sql';
append_to_file($script, join('', map {
            "do \$\$ begin perform set_config('elile_optimize.track', 'all', true); execute 'select 1 / (id - id), $_ from item order by " . join(', ', ('name', 'id')[ 0 .. $_ % 2 ]) . " limit $_'; exception when division_by_zero then null; end \$\$;\n" } 1 .. 40));
$node->command_ok([ 'pgbench', '-n', '-c', 8, '-j', 2, '-t', 10, '-f', $script, 'postgres' ], 'a storm of errors');
is($node->safe_psql('postgres', q{select sum(failed_calls) from elile_optimize.statements where query ~ 'limit'}), '3200', 'each is counted');
is($node->safe_psql('postgres', q{select count(*) from elile_optimize.slow_queries where sqlstate = '22012'}), '3200', 'each has its row');
ok($node->poll_query_until('postgres', qq{select count(*) = (select plans_lost - $lost from elile_optimize.info)
    from elile_optimize.slow_queries where sqlstate = '22012' and plan is null}), 'each has its plan, or is counted as lost');

# A writer that is ended leaves its work to the next one.
$node->safe_psql('postgres', $reset);
my $lock = Session->new($node);
my $session = begin_failing('reset role');
$lock->tell(q{begin; lock table item; select 'locked'});
let_fail($session);
$lock->ask('select 1');
# A worker is there for a moment, once a second for the ten that the run waits; two of them are hunted for one.
my $ends = time + 2;
poll(sub {
        $node->safe_psql('postgres', q{select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'elile_optimize database worker'});
        return time >= $ends }, undef, 0.01);
$lock->ask('rollback');
ok($node->poll_query_until('postgres', q{select count(plan) = 1 from elile_optimize.slow_queries where query ~ 'pg_advisory' and sqlstate = '22012'}),
    'a writer that is terminated comes back');
$_->close foreach ($lock, $session, $gate);

# A standby.
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'max_standby_streaming_delay = 0');
$standby->start;
$node->wait_for_catchup($standby);
ok($standby->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}), 'a standby');
$standby->psql('postgres', $failing);
ok($standby->poll_query_until('postgres', q{select count(plan) = 1 from elile_optimize.slow_queries where sqlstate = '22012'}), 'a plan of a standby');

# A conflict with recovery that comes while we work in a session cancels the statement, as it would
# without us, and does not end the session.
$node->safe_psql('postgres', q{
    create function in_planning() returns int language plpgsql immutable as $$
        begin
            if current_setting('lock_timeout') = '1ms' then -- as it is where a suggestion is planned
                perform pg_sleep(60);
            end if;
            return 1;
        end $$;
    create table child (id int, item int);
    insert into child select g, g from generate_series(1, 100) g});
$node->wait_for_catchup($standby);
my $reading = Session->new($standby);
$reading->ask('set elile_optimize.n_plus_one_threshold = 3; set elile_optimize.slow_query_threshold = -1');
$reading->tell('select id from item where id <= 12 order by id');
$reading->tell("select * from child where item = $_ and in_planning() = 1") foreach 1 .. 12;
ok($standby->poll_query_until('postgres', q{select count(*) = 1 from pg_stat_activity where wait_event = 'PgSleep' and query ~ 'in_planning'}),
    'a suggestion is being made');
$node->safe_psql('postgres', 'begin; lock table child; commit');
like($reading->ask('select 7'), qr/^7$/m, 'a conflict does not end the session') or diag($reading->{err});
unlike($reading->{err}, qr/terminating|FATAL/, 'nor say so');

# There too a session stays sound after a failure, and goes when it is told to.
$reading->ask("set elile_optimize.slow_query_threshold = 0; set statement_timeout = '200ms'; select pg_sleep(60) from item");
$node->safe_psql('postgres', 'begin; lock table item; commit');
$reading->ask('select pg_sleep(60)');
like($reading->{err}, qr/due to statement timeout/, 'a time-out works on a standby');
my $reading_pid = $reading->ask('select pg_backend_pid()');
is($standby->safe_psql('postgres', "select pg_terminate_backend($reading_pid, 2000)"), 't', 'so does an end');
my $began = time;
$standby->stop('fast');
cmp_ok(time - $began, '<', 5, 'and a fast shutdown');

# Without a worker the row and the line are there, and the plan is counted. The server's own launcher
# has the first place, the keeper the second, if there is one; the saver has none.
foreach my $workers (2, 1)
{
    $node->append_conf('postgresql.conf', "max_worker_processes = $workers");
    my $log_at = -s $node->logfile;
    $node->restart;
    ok($node->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}), "$workers workers");
    $node->psql('postgres', $failing);
    is($node->safe_psql('postgres', q{select count(*), count(plan) from elile_optimize.slow_queries where sqlstate = '22012'}), '1|0', 'the row is there');
    ok($node->poll_query_until('postgres', q{select plans_lost_by_reason ->> 'no_worker' = '1' from elile_optimize.info}), 'the plan is counted');
    my $by_whom = $workers == 2 ? ' pid=\d+' : '$';
    like(slurp_file($node->logfile, $log_at), qr/statement: select \$1 \/ \(id - id\) from item\n.*sqlstate=22012 plan_id=\S+$by_whom/m,
        'the line is in the log');
}
$node->stop;
unlike(slurp_file($node->logfile), qr/TRAP|PANIC|signal \d+:/, 'nothing crashed');
done_testing();

# A session does nothing for us between its statements: whatever its last one failed on, it can be
# cancelled, timed out, terminated and shut down at once, and what failed is written down by others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Patience;
use Session;
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = 100
log_min_error_statement = panic
log_statement = none
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table t2 (id int primary key, name text);
    insert into t2 select g, 'n' || g from generate_series(1, 100) g;
    analyze t2;
    create function slowly() returns void language plpgsql as $$ begin perform pg_sleep(3) from t2; end $$;
    create function sees() returns trigger language plpgsql as $$
        begin perform pg_sleep(0.2), 1 / (count(*) - count(*)) from moved; return null; end $$;
    create table seen (id int);
    create trigger sees after insert on seen referencing new table as moved for each statement execute function sees();
    alter system set elile_optimize.track = 'all';
    select pg_reload_conf();
});

sub is_within
{
    my ($seconds, $what, $body) = @_;
    my $began = time;
    my $result = $body->();
    my $took = time - $began;
    cmp_ok($took, '<', $seconds, "$what: at once") or diag("$took s");
    return $result;
}

sub lost { return $node->safe_psql('postgres', "select coalesce((plans_lost_by_reason ->> '$_[0]')::int, 0) from elile_optimize.info"); }

sub has_plan
{
    my ($what, $where) = @_;
    ok($node->poll_query_until('postgres', "select count(*) > 0 from elile_optimize.slow_queries where plan is not null and $where"),
        "$what: has its plan");
    return;
}

# The log from there on, once the pattern is in it.
sub log_with
{
    my ($pattern, $from) = @_;
    my $log = '';
    poll(sub { ($log = slurp_file($node->logfile, $from)) =~ /$pattern/ });
    return $log;
}

# Each leaves a slow statement that failed, and a DDL command in the queue for its table.
my %failures = (
    'a time-out' => "set statement_timeout = '300ms'; select pg_sleep(3) from t2; reset statement_timeout",
    'a time-out in a function' => "set statement_timeout = '300ms'; select slowly(); reset statement_timeout",
    'a write' => q{update t2 set name = name || pg_sleep(0.2) || 1 / (id - id) where id = 1},
    'an aborted transaction' =>
        "begin; set local statement_timeout = '300ms'; select pg_sleep(3) from t2",
    'a savepoint' =>
        "begin; savepoint s; set local statement_timeout = '300ms'; select pg_sleep(3) from t2; rollback to s; set statement_timeout = 0",
);
for my $what (sort keys %failures)
{
    my $session = Session->new($node);
    my $ddl = Session->new($node);
    my $pid = $session->ask('select pg_backend_pid()');
    my $ddl_pid = $ddl->ask('select pg_backend_pid()');
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    $session->tell($failures{$what});
    # The DDL queues behind it, unless the machine was so busy that it has failed already.
    $node->poll_query_until('postgres', qq{select exists (select from pg_locks where pid = $pid and relation = 't2'::regclass)
        or exists (select from elile_optimize.slow_queries where sqlstate in ('57014', '22012'))}) or die;
    $ddl->tell(q{begin; alter table t2 add column more int; select 'altered'});
    $session->ask('select 1');
    $node->poll_query_until('postgres', qq{select count(*) > 0 from pg_locks
        where pid = $ddl_pid and mode = 'AccessExclusiveLock'}) or die "$what: no DDL";
    $session->ask("rollback; set statement_timeout = '1s'");
    my $began = time;
    $session->ask('select pg_sleep(6)');
    like($session->{err}, qr/canceling statement due to statement timeout/, "$what: then a time-out works");
    cmp_ok(time - $began, '<', 3, "$what: then a time-out works in time");
    $session->ask('set statement_timeout = 0');
    $session->tell('select pg_sleep(60)');
    $node->poll_query_until('postgres', "select state = 'active' and query ~ '60' from pg_stat_activity where pid = $pid");
    is_within(2, "$what: then a cancel", sub {
            $node->safe_psql('postgres', "select pg_cancel_backend($pid)");
            $session->ask(q{select 'still here'});
    });
    like($session->{err}, qr/canceling statement due to user request/, "$what: then a cancel works");
    is($session->ask(q{select 'sound'}), 'sound', "$what: then the session goes on");
    is_within(2, "$what: then the session's end", sub {
            $node->safe_psql('postgres', "select pg_terminate_backend($pid, 10000)");
    });
    $ddl->ask('rollback');
    has_plan($what, "sqlstate in ('57014', '22012') and table_name = 't2'");
    $ddl->close;
    $session->close;
}

# A session that ends by FATAL: what it ran is counted, written down and logged, and the end is one.
my $log_at = -s $node->logfile;
my $holder = Session->new($node);
$holder->ask('begin; update t2 set name = name where id = 5');
my $waiting = Session->new($node);
my $pid = $waiting->ask('select pg_backend_pid()');
$waiting->tell(q{update t2 set name = 'terminated' where id = 5});
$node->poll_query_until('postgres', "select count(*) = 1 from pg_locks where pid = $pid and not granted
    and exists (select from pg_stat_activity where pid = $pid and now() - query_start > '200ms')");
my $locking = Session->new($node);
$locking->tell('begin; lock table t2; rollback');
$node->poll_query_until('postgres', q{select count(*) = 1 from pg_locks where mode = 'AccessExclusiveLock' and not granted});
is_within(2, 'a waiting writer\'s end', sub { $node->safe_psql('postgres', "select pg_terminate_backend($pid, 10000)") });
$holder->ask('rollback');
has_plan('a terminated write', q{sqlstate = '57P01' and operation = 'update'});
my $log = log_with('sqlstate=57P01', $log_at);
like($log, qr/duration: .* statement: update t2 set name = \$1 where id = \$2\n.*sqlstate=57P01 plan_id=\S+ pid=$pid user=\S+ db=postgres app=.*\n\tplan:\n\t/,
    'its line is in the log, by whom it was');
my $fatals = () = $log =~ /FATAL/g;
is($fatals, 1, 'one FATAL') or diag($log);
$_->close foreach ($holder, $waiting, $locking);

# Without a plan the line is there as well.
$log_at = -s $node->logfile;
my $plain = Session->new($node);
$plain->ask('set elile_optimize.log_query_plan = off');
$pid = $plain->ask('select pg_backend_pid()');
$plain->tell('select pg_sleep(61) from t2');
$node->poll_query_until('postgres', "select count(*) = 1 from pg_stat_activity where pid = $pid and query ~ '61' and now() - query_start > '200ms'");
$node->safe_psql('postgres', "select pg_terminate_backend($pid, 10000)");
$log = log_with('sqlstate=57P01', $log_at);
like($log, qr/statement: select pg_sleep\(\$1\) from t2\n.*sqlstate=57P01 pid=$pid user=/, 'a line without a plan');
$plain->close;

# What cannot be written down is counted by its reason.
my $before = lost('transition_table');
$node->psql('postgres', 'insert into seen values (1)');
cmp_ok(lost('transition_table'), '>', $before, 'a transition table');

$before = lost('dropped_table');
$node->psql('postgres', q{begin; create table gone (id int); insert into gone values (0); select pg_sleep(0.2), 1 / id from gone; rollback});
ok($node->poll_query_until('postgres', q{select plans_lost_by_reason ? 'dropped_table' from elile_optimize.info}), 'a dropped table');

my $maker = Session->new($node);
$maker->ask(q{begin; create table new_one (id int); insert into new_one values (0); savepoint s; select pg_sleep(0.2), 1 / id from new_one; rollback to s});
ok($node->poll_query_until('postgres', q{select plans_lost_by_reason ? 'invisible_table' from elile_optimize.info}), 'a table that is not committed');
$maker->close;

# Locked for ten seconds from when it failed.
my $slow = Session->new($node);
$pid = $slow->ask('select pg_backend_pid()');
$slow->tell('select pg_sleep(62), name from t2 order by name desc, id');
$node->poll_query_until('postgres', "select count(*) = 1 from pg_stat_activity where pid = $pid and query ~ '62' and now() - query_start > '200ms'");
my $lock = Session->new($node);
my $lock_pid = $lock->ask('select pg_backend_pid()');
$lock->tell(q{begin; lock table t2; select 'locked'});
$node->poll_query_until('postgres', "select count(*) = 1 from pg_locks where pid = $lock_pid and not granted") or die;
$node->safe_psql('postgres', "select pg_cancel_backend($pid)");
is_within(2, 'a cancel with DDL queued', sub { $slow->ask('select 1') });
ok($node->poll_query_until('postgres', q{select plans_lost_by_reason ? 'locked_table' from elile_optimize.info}), 'a table that stays locked');
is($node->safe_psql('postgres', q{select count(*), count(plan) from elile_optimize.slow_queries where query ~ 'order by name desc'}),
    '1|0', 'its row is there all the same');
# With the lock still held and a queue behind it.
is_within(5, 'fast shutdown', sub { $node->stop('fast') });
done_testing();

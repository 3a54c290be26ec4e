# What a client waits for before its statement runs: elapsed_ms of slow_queries is what the client's clock tells, without
# the client's own pauses, and a statement is slow by it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Protocol;
use Session;
use Test::More;
use Time::HiRes qw(time sleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = 500ms
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table item (id int primary key, n int);
    insert into item select g, g from generate_series(1, 100) g;
    create function folded(double precision) returns int language plpgsql immutable as $$ begin perform pg_sleep($1); return 1; end $$;
    create function sleeps(double precision) returns int language plpgsql as $$ begin perform pg_sleep($1); return 1; end $$;
});
my $locker = Session->new($node);
my $reader = Session->new($node);

# Each case is a session with a name of its own. Its time is that from the first message to the last answer, in ms.
my ($client, $name, $began);
sub case_of { ($name) = @_; $client = Protocol->connect($node, application_name => $name); return $client; }

# The client's messages meet a locked table, which is free again after so many seconds.
sub behind_a_lock
{
    my ($seconds, $send, $end, $lock) = @_;
    $locker->ask('begin; ' . ($lock // 'alter table item alter n set not null'));
    $began = time;
    $send->();
    poll(sub { $reader->ask("select count(*) from pg_stat_activity where application_name = '$name' and wait_event_type = 'Lock'") }) or die 'nobody waits';
    sleep $seconds;  # this time shall pass for the client
    $end->() if $end;
    $locker->ask('commit');
    return;
}
sub milliseconds { return 1000 * (time - $began); }

# The session's slow executions, the first one first.
sub rows
{
    my @rows = map { [ split /\|/, $_, -1 ] } split /\n/, $reader->ask(qq{select duration_ms, elapsed_ms, plan_ms, wait_before_ms,
        slow_by, sqlstate, query from elile_optimize.slow_queries where application_name = '$name' order by id});
    return map { my %row; @row{qw(duration elapsed plan before by sqlstate query)} = @$_; \%row } @rows;
}

# Between what must have passed and what the client saw. A millisecond more is the clocks'.
sub lies
{
    my ($what, $value, $least, $most) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok($value >= $least - 1 && $value <= $most + 1, "$name: $what") || diag("$value is not within $least and $most");
}
sub one_row
{
    my ($least, $most, $by) = @_;
    my @rows = rows();
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(scalar @rows, 1, "$name: one row") or return {};
    my ($row) = @rows;
    lies('elapsed', $row->{elapsed}, $least, $most);
    ok(abs($row->{elapsed} - $row->{duration} - $row->{before}) < 0.01, "$name: the rest is what passed before");
    is($row->{by}, $by, "$name: slow by");
    return $row;
}

# The simple protocol.
case_of('altered');
behind_a_lock(2, sub { $client->query('select count(n) from item where id > 7')->send });
$client->until_ready;
my $saw = milliseconds();
my $row = one_row(2000, $saw, 'before');
is($row->{query}, 'select count(n) from item where id > $1', 'its text');
lies('duration', $row->{duration}, 0, 500);
lies('plan', $row->{plan}, 0, 500);
is($reader->ask(q{select calls, slow_calls, max_exec_time < 500 from elile_optimize.statements where query ~ 'count.n. from item'}), '1|1|t',
    'it is a slow call, and its time is the executor\'s');
is($reader->ask(q{select plan ~ 'Aggregate' from elile_optimize.slow_queries where application_name = 'altered'}), 't', 'it has its plan');
my ($logged, $detail) = slurp_file($node->logfile) =~ /duration: (\S+) ms  statement: select count\(n\) from item.*\n.*DETAIL:  (.*)/;
lies('logged duration', $logged, 2000, $saw);
like($detail, qr/toplevel=true execution_ms=\d+\.\d{3} plan_ms=\d+\.\d{3} wait_before_ms=\d{4}\.\d{3} slow_by=before /, 'its details');

case_of('planned');
$began = time;
$client->simple('select folded(0.7) from item where id = 1');
$row = one_row(700, milliseconds(), 'before');
lies('plan', $row->{plan}, 700, $row->{before});

case_of('ran');
$began = time;
$client->simple('select sleeps(0.6)');
$row = one_row(600, milliseconds(), 'execution');
lies('before', $row->{before}, 0, $row->{elapsed} - 600);

case_of('both');
$began = time;
$client->simple('select folded(0.45), sleeps(0.1)'); # each is below the threshold
$row = one_row(550, milliseconds(), 'before');
lies('plan', $row->{plan}, 450, $row->{before});
lies('duration', $row->{duration}, 100, 498);

case_of('idle');
$client->simple('select 1 from item where id = 1');
sleep 0.7;  # a pause of the client is no wait
$client->simple('select 2 from item where id = 1');
$client->simple('insert into item values (1000, 1)');
sleep 0.7;  # and this one neither
$client->simple('insert into item values (1001, 1)');
is(scalar rows(), 0, 'pauses make nothing slow');

case_of('changes');
$client->simple('create temporary table late (id int)');
$client->simple('create function late() returns trigger language plpgsql as $$ begin perform pg_sleep(0.1); return null; end $$');
$client->simple('create trigger late after insert on late for each row execute function late()');
$began = time;
$client->simple('insert into late values (folded(0.45))');
$row = one_row(550, milliseconds(), 'before');
lies('plan', $row->{plan}, 450, $row->{before});
lies('duration', $row->{duration}, 100, 498);

# Several statements in one string: each begins where the one before ended.
case_of('string');
$began = time;
$client->simple('select sleeps(0.6); select 1; insert into item values (1002, 1); select folded(0.7); select 2');
$saw = milliseconds();
my @rows = rows();
is(join(' ', map { $_->{by} } @rows), 'execution before', 'a string: two of five are slow');
lies('the first', $rows[0]{elapsed}, 600, $saw - 700);
lies('the fourth', $rows[1]{elapsed}, 700, $saw - 600);
case_of('string of utilities');
$client->simple('set elile_optimize.track_utility = off');
$client->simple('do $$ begin perform pg_sleep(0.6); end $$; select 1');
is(scalar rows(), 0, 'what passed in a utility that is not counted is not the next one\'s wait');

# EXECUTE waits as the statement that it executes, where its table is locked, and where it plans again.
case_of('prepared');
$client->simple('prepare look_up(int) as select n from item where id = $1');
$client->simple('execute look_up(1)');
behind_a_lock(0.7, sub { $client->query('execute look_up(2)')->send });
$client->until_ready;
$row = one_row(700, milliseconds(), 'before');
lies('plan', $row->{plan}, 0, 500);

# What failed in execution has waited too.
case_of('failed');
behind_a_lock(0.7, sub { $client->query('select 1 / (n - n) from item')->send });
$client->until_ready;
$row = one_row(700, milliseconds(), 'before');
is($row->{sqlstate}, '22012', 'its error');

# The extended protocol: Parse, Bind and each Execute, without the client's pauses between them.
sub in_one { return $client->extended(@_)->sync; }
case_of('first parse');
behind_a_lock(0.7, sub { in_one('select count(*) from item where n > $1', 7)->send });
$client->until_ready;
one_row(700, milliseconds(), 'before');
case_of('parse');
in_one('select 1')->run;
$client->simple('begin');
behind_a_lock(0.7, sub { in_one('select count(*) from item where n > $1', 7)->send });
$client->until_ready;
$saw = milliseconds();
$client->simple('commit');  # the server ends a plan with its portal
one_row(700, $saw, 'before');

# Both a plan that is made anew and one that was kept wait in Bind.
foreach my $end ('alter table item alter n set not null', 'lock table item')
{
    case_of("bind, $end");
    in_one('select 1')->run;
    $client->simple(q{set plan_cache_mode = 'force_generic_plan'});
    $client->parse('kept', 'select n from item where id = $1')->bind('', 'kept', 1)->execute('')->sync->run;
    sleep 0.7;  # a pause between Parse and Bind is no wait
    $client->bind('', 'kept', 2)->execute('')->sync->run;
    is(scalar rows(), 0, "$name: not slow");
    behind_a_lock(0.7, sub { $client->bind('', 'kept', 3)->execute('')->sync->send }, undef, $end);
    $client->until_ready;
    $row = one_row(700, milliseconds(), 'before');
    lies('plan', $row->{plan}, 0, 500);
}

case_of('pauses');
$client->simple('select 1');
foreach my $text ('select n from item where id = $1', 'update item set n = n where id = $1')
{
    $client->simple('begin');
    foreach my $step (sub { $client->parse('', $text) }, sub { $client->bind('', '', 1) }, sub { $client->execute('') })
    {
        $step->()->sync->run;
        sleep 0.6;  # longer than the threshold
    }
    $client->simple('commit');
}
is(scalar rows(), 0, "$name: not slow");

case_of('parts');
$client->simple('begin');
$began = time;
$client->parse('', 'select id, sleeps(0.01) from item where id <= 60 order by id')->bind('', '')->execute('', 20)->sync->run;
my $paused = 0;
foreach (1 .. 3)
{
    sleep 0.5;  # a pause between two fetches
    $paused += 500;
    $client->execute('', 20)->sync->run;
}
$saw = milliseconds();
$client->simple('commit');
is(scalar @{ $client->{rows} }, 60, 'all rows came');
$row = one_row(600, $saw - $paused, 'execution');

case_of('pipeline');
in_one('select 1')->run;
$began = time;
$client->extended($_) foreach 'select sleeps(0.6)', 'select 1 from item where id = 1', 'select folded(0.7)', 'select 2 from item where id = 1';
$client->sync->run;
$saw = milliseconds();
@rows = rows();
is(join(' ', map { $_->{by} } @rows), 'execution before', "$name: two of four are slow");
lies('the first', $rows[0]{elapsed}, 600, $saw - 700);
lies('the third', $rows[1]{elapsed}, 700, $saw - 600);
lies('its plan', $rows[1]{plan}, 700, $rows[1]{elapsed});

# What a start takes: JIT that is loaded, partitions that are planned for and opened. A plan that is kept takes no planning.
sub whole
{
    my ($row, $most) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    lies('elapsed', $row->{elapsed}, $row->{duration} + $row->{plan}, $most);
    return;
}
SKIP:
{
    skip 'no JIT here', 3 if $reader->ask('select pg_jit_available()') ne 't';
    case_of('jit');
    $client->simple($_) foreach 'set jit = on', 'set jit_above_cost = 0', 'set elile_optimize.slow_query_threshold = 0';
    $began = time;
    $client->simple('select sum(id * n + n) from item where id % 3 = 1');
    $saw = milliseconds();
    ($row) = grep { $_->{query} =~ /sum/ } rows();
    whole($row, $saw);
    cmp_ok($row->{before} - $row->{plan}, '>', 0, 'what starts it has a time');
    cmp_ok($row->{plan}, '>', 0, 'and planning');
}
$node->safe_psql('postgres', 'create table part (id int, n int) partition by range (id);'
        . join '', map { "create table part_$_ partition of part for values from ($_) to ($_ + 1);" } 1 .. 500);
case_of('partitions');
$client->simple($_) foreach q{set plan_cache_mode = 'force_generic_plan'}, 'set elile_optimize.slow_query_threshold = 0';
$began = time;
$client->parse('all', 'select count(*) from part where n > $1')->sync->run;
my @saw;
foreach my $round (1 .. 3)
{
    $node->safe_psql('postgres', 'alter table part add more int') if $round == 3;
    $began = time if $round > 1;  # Parse is the first one's
    $client->bind('', 'all', 1)->execute('')->sync->run;
    push @saw, milliseconds();
}
@rows = grep { $_->{query} =~ /from part/ } rows();
is(scalar @rows, 3, 'three executions');
whole($rows[$_], $saw[$_]) foreach 0 .. 2;
is(join(' ', map { $_->{plan} > 0 ? 'planned' : 'kept' } @rows), 'planned kept planned', 'a plan that is made again has a time');

# What failed before it ran has a row, and counts in failures and in no sum.
sub sums { return $reader->ask('select total_queries, slow_queries, failed_queries from elile_optimize.summary'); }

# The session's row comes a moment later, where its text is made by another process.
sub unrun
{
    my ($least, $most, $sqlstate, $query, $phase) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    poll(sub { rows() }) or return fail("$name: a row");
    my $unrun = one_row($least, $most, 'before');
    is($unrun->{sqlstate}, $sqlstate, "$name: its error");
    is($unrun->{query}, $query, "$name: its text");
    is($unrun->{duration}, '0', "$name: it never ran");
    is($reader->ask("select phase, sqlstate, count from elile_optimize.failures where application_name = '$name'"), "$phase|$sqlstate|1", "$name: in failures");
    my $logged = poll(sub { (slurp_file($node->logfile) =~ /LOG:  duration: (\S+) ms  statement: \Q$query\E\n.*sqlstate=$sqlstate .*app=$name$/m)[0] });
    lies('logged duration', $logged, $least, $most);
    return $unrun;
}
sub is_in_no_sum
{
    my @before = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @after = split /\|/, sums();
    is($after[1] - $before[1], 0, "$name: no slow query in summary");
    is($after[2] - $before[2], 1, "$name: a failed one");
    return;
}
case_of('timed_out');
$client->simple(q{set lock_timeout = '0.8s'});
my @sums = split /\|/, sums();
behind_a_lock(1.5, sub { $client->query(q{select max(n), 'secret' from item})->send });
$client->until_ready;
unrun(800, milliseconds(), '55P03', 'select max(n), $1 from item', 'parse');
is_in_no_sum(@sums);
is($reader->ask(q{select count(*) from elile_optimize.statements where query ~ 'max.n.'}), '0', 'it is no statement');
is($reader->ask(q{select operation is null, table_name is null, plan is null, queryid is null, calls from elile_optimize.slow_queries,
    lateral (select count(*) as calls from elile_optimize.statements where query ~ 'secret') s where application_name = 'timed_out'}), 't|t|t|t|0', 'what is not known of it');

case_of('known');
$client->simple('select folded(0.1), n + 1 from item');
$client->simple(q{set statement_timeout = '0.7s'});
@sums = split /\|/, sums();
$began = time;
$client->simple('select folded(100.5), n + 1 from item');
$row = unrun(700, milliseconds(), '57014', 'select folded($1), n + $2 from item', 'execute');
lies('plan', $row->{plan}, 600, $row->{before});
is_in_no_sum(@sums);
is($reader->ask(q{select operation, table_name, plan is null, queryid is not null from elile_optimize.slow_queries where application_name = 'known'}),
    'select|item|t|t', 'what is known of it');

case_of('ended');
behind_a_lock(0.7, sub { $client->query('select min(n) from item')->send }, sub {
        $reader->ask(q{select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ended'});
        $client->until_ready });
unrun(700, milliseconds(), '57P01', 'select min(n) from item', 'parse');

# What runs inside a statement has no client.
case_of('nested');
$client->simple('set elile_optimize.track = "all"');
$client->simple('do $$ begin perform 1 from pg_sleep(0.6); end $$');
is($reader->ask(q{select toplevel, elapsed_ms is null, plan_ms is null, wait_before_ms is null, slow_by from elile_optimize.slow_queries
    where application_name = 'nested' order by id}), "f|t|t|t|execution\nt|f|f|f|execution", 'nested: no wait is known');

# The row of what never ran may come a second later, and none comes of what a reset has forgotten.
case_of('forgotten');
$client->simple('set elile_optimize.slow_query_threshold = 0');
$client->simple('select 1 / 0 as before_it');
$client->simple('select elile_optimize.reset()');
$client->simple('select 1 / 0 as behind_it');
my $unrun = q{select string_agg(query, ',') from elile_optimize.slow_queries where application_name = 'forgotten' and sqlstate = '22012'};
poll(sub { $reader->ask($unrun) =~ /behind_it/ });
is($reader->ask($unrun), 'select $1 / $2 as behind_it', 'what failed before a reset is forgotten');

$_->close foreach $locker, $reader;
$node->stop;
done_testing();

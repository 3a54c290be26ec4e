# The exporter when the server, the keeper or itself is in trouble: no session is to be had, catalogues
# are locked, processors are short, processes are stopped or killed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Test::More;
use Time::HiRes qw(time usleep);

delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};
my $processors = () = slurp_file('/proc/cpuinfo') =~ /^processor\s*:/mg;
$processors ||= 2;
my $patience = $PostgreSQL::Test::Utils::timeout_default;
my %measured;
my @stopped;  # processes that must go on, however this ends
my @running;  # of IPC::Run

END
{
    my $exit_code = $?;
    kill 'CONT', $_ for @stopped;
    eval { $_->kill_kill(grace => 1) } for @running;
    $? = $exit_code;
}

# Returns the seconds until the condition held, or undef when it did not in time.
sub wait_until
{
    my ($condition, $limit) = @_;
    my $began = time;
    return poll($condition, $limit // $patience, 0.005) ? time - $began : undef;
}

# Asserts that it happened, within a generous multiple of what is required, and notes when.
sub happens
{
    my ($name, $condition, $limit) = @_;
    my $seconds = wait_until($condition, $limit);
    ok(defined $seconds, $name);
    note sprintf('%s: after %.2f s', $name, $seconds) if defined $seconds;
    return $seconds;
}

# A zombie in a container whose init does not reap is gone as well.
sub is_gone
{
    my ($pid) = @_;
    my ($state) = state_of($pid);
    return !defined $state || $state =~ /[ZX]/;
}

sub get
{
    my ($port, $path, $timeout) = @_;
    my $began = time;
    my $answer = HTTP::Tiny->new(timeout => $timeout // 10)->get("http://127.0.0.1:$port$path");
    chomp(my $text = $answer->{content});
    return { status => $answer->{status}, text => $text, seconds => time - $began, at => time };
}

# /metrics, taken apart: value by series, series that only grow, when the sample was taken.
sub scrape
{
    my ($port) = @_;
    my $answer = get($port, '/metrics');
    my (%value, %type, %grows);
    for my $line ($answer->{status} == 200 ? split(/\n/, $answer->{text}) : ())
    {
        $type{$1} = $2 if $line =~ /^# TYPE (\S+) (\S+)/;
        my ($series, $value) = $line =~ /^([^#].*) (\S+)$/ or next;
        my ($name) = $series =~ /^([^{]+)/;
        (my $family = $name) =~ s/_(bucket|sum|count)$//;
        $value{$series} = $value + 0;
        $grows{$series} = 1 if ($type{$name} // $type{$family} // '') =~ /^(counter|histogram)$/;
    }
    $answer->{value} = \%value;
    $answer->{grows} = \%grows;
    $answer->{age} = $value{elile_optimize_sample_age_seconds};
    $answer->{sampled_at} = $answer->{at} - $answer->{age} if defined $answer->{age};
    return $answer;
}

# The sum of a metric's series that have all of the labels.
sub sum_of
{
    my ($scrape, $metric, @labels) = @_;
    my $sum = 0;
    for my $series (grep { /^\Q$metric\E(\{|$)/ } keys %{ $scrape->{value} })
    {
        $sum += $scrape->{value}{$series} if !grep { index($series, $_) < 0 } @labels;
    }
    return $sum;
}

# Counters that are lower, or not there any more.
sub fallen
{
    my ($before, $after) = @_;
    return
        map { "$_: $before->{value}{$_} -> " . ($after->{value}{$_} // 'absent') }
        grep { ($after->{value}{$_} // -1) < $before->{value}{$_} } sort keys %{ $before->{grows} };
}

sub serves
{
    my ($port) = @_;
    return get($port, '/metrics', 2)->{status} == 200;
}

sub wait_for_exporter
{
    my ($node, $port, $name) = @_;
    happens($name, sub { get($port, '/readyz', 2)->{status} == 200 });
    my @exporters = exporters_of($node);
    is(scalar @exporters, 1, "$name: one exporter");
    return $exporters[0];
}

# A sample taken later than the one of this scrape is there, and it is fresh.
sub samples_go_on
{
    my ($port, $name) = @_;
    my $first = scrape($port);
    my $second;
    is($first->{status}, 200, "$name: /metrics answers");
    cmp_ok($first->{age} // 1e9, '<', 10, "$name: the sample is fresh");
    note sprintf('%s: sample age %.2f s', $name, $first->{age} // -1);
    happens("$name: a newer sample",
        sub { $second = scrape($port); ($second->{sampled_at} // 0) > $first->{sampled_at} + 1.5 }, 10);
    note sprintf('%s: %.2f s newer, age %.2f s',
        $name, $second->{sampled_at} - $first->{sampled_at}, $second->{age});
}

# psql that stays connected; undef when it could not.
sub session
{
    my ($node, $sql) = @_;
    my ($in, $out, $err) = ("$sql\nselect 'connec' || 'ted';\n", '', '');
    my $psql = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres') ],
        '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
    eval { $psql->pump until $out =~ /connected/ };
    if ($out !~ /connected/)
    {
        eval { $psql->finish };
        return undef;
    }
    push @running, $psql;
    return { psql => $psql, in => \$in };
}

sub end_session
{
    my ($session) = @_;
    ${ $session->{in} } .= "\\q\n";
    eval { $session->{psql}->finish };
}

sub start_pgbench
{
    my ($node, $name, @options) = @_;
    my $output = $node->basedir . "/$name";
    my $run = IPC::Run::start(
        [ 'pgbench', '-n', @options, $node->connstr('postgres') . ' application_name=pgbench' ],
        '<', '/dev/null', '>', "$output.out", '2>', "$output.err");
    push @running, $run;
    return { run => $run, output => $output };
}

sub is_pgbench_running
{
    my ($bench) = @_;
    return !is_gone($bench->{run}->{KIDS}[0]{PID});
}

sub finish_pgbench
{
    my ($bench) = @_;
    eval { $bench->{run}->finish };
    my $output = read_file("$bench->{output}.out");
    my ($transactions) = $output =~ /transactions actually processed: (\d+)/;
    my ($failed) = $output =~ /failed transactions: (\d+)/;
    diag read_file("$bench->{output}.err") if $bench->{run}->result(0) != 0;
    return ($bench->{run}->result(0), $failed, $transactions);
}

sub range
{
    my @sorted = sort { $a <=> $b } @_;
    return 'none' if !@sorted;
    return sprintf('%.3f / %.3f / %.3f s (minimum, median, maximum of %d)',
        $sorted[0], $sorted[ $#sorted / 2 ], $sorted[-1], scalar @sorted);
}

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('primary');
my $most = 8;
$node->init(allows_streaming => 1);
$node->append_conf(
    'postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
max_connections = $most
superuser_reserved_connections = 3
restart_after_crash = on
log_statement = none
});
$node->start;
my $exporter = wait_for_exporter($node, $port, 'at start');
$node->safe_psql('postgres', 'create extension elile_optimize; create table item (id int)');
is($node->safe_psql('postgres', 'select exporter_state, exporter_address from elile_optimize.info'),
    "listening|127.0.0.1:$port", 'the view says where it serves');

note 'the process';
my $status = read_file("/proc/$exporter/status");
like($status, qr/^NoNewPrivs:\s*1$/m, 'no new privileges');
SKIP:
{
    skip 'this kernel has no seccomp', 1 if !-e '/proc/sys/kernel/seccomp';
    like($status, qr/^Seccomp:\s*2$/m, 'system calls are filtered');
}
my ($threads) = $status =~ /^Threads:\s*(\d+)$/m;
cmp_ok($threads, '<', 100, 'threads are few');
note "$threads threads";
SKIP:
{
    skip 'root may read the memory of all', 2 if $> == 0;
    ok(!open(my $maps, '<', "/proc/$exporter/maps"), 'its memory is not readable for its own user');
    isnt(read_file('/proc/' . keeper_of($node) . '/maps'), '', 'as that of the keeper is');
}

note 'reloads';
my $other_port = PostgreSQL::Test::Cluster::get_free_port();
is($node->safe_psql('postgres', 'select count(*) from generate_series(1, 50) where pg_reload_conf()'),
    50, '50 reloads');
samples_go_on($port, 'reloads');
is("@{[exporters_of($node)]}", $exporter, 'the same exporter, and no other');
my ($here, $there) = ($port, $other_port);
for my $move (1 .. 4)
{
    $node->safe_psql('postgres', "alter system set elile_optimize.metrics_port = $there");
    $node->safe_psql('postgres', join(';', ('select pg_reload_conf()') x 10));
    happens("move $move to another port", sub { serves($there) }, 10);
    isnt(get($here, '/metrics', 2)->{status}, 200, 'it leaves the one before');
    ($here, $there) = ($there, $here);
}
is("@{[exporters_of($node)]}", $exporter, 'the same exporter through all of this');
$node->safe_psql('postgres', 'alter system reset elile_optimize.metrics_port');
$node->safe_psql('postgres', 'select pg_reload_conf()');

note 'all connections taken';
my @sessions;
wait_until(
    sub {
        my $session = session($node, '');
        push @sessions, $session if defined $session;
        return @sessions == $most;
    });
is(scalar @sessions, $most, 'all connections are taken');
my @once = ('psql', '-XAt', '-d', $node->connstr('postgres'), '-c', 'select 1');
my ($out, $err) = run_command(\@once);
is($out, '', 'another one is refused');
like($err, qr/too many clients already/, 'for that reason');
my $scrape;
happens('connections sum to the number of sessions',
    sub { $scrape = scrape($port); sum_of($scrape, 'elile_db_connections') == $most }, 10);
is(sum_of($scrape, 'elile_db_max_connections'), $most, 'which is the limit');
samples_go_on($port, 'all connections taken');
($out) = run_command(\@once);
is($out, '', 'another one is refused still');
is(get($port, '/healthz')->{status}, 200, 'healthy');
end_session($_) for @sessions;

note 'pg_ctl stop';
($exporter) = exporters_of($node);
$node->stop('fast');
ok(is_gone($exporter), 'stop -m fast leaves no exporter')
    or happens('it goes', sub { is_gone($exporter) }, 10);
my $clients = 4 * $processors;
$node->adjust_conf('postgresql.conf', 'max_connections', $clients + 20);
for my $mode (qw(smart immediate))
{
    $node->start;
    $exporter = wait_for_exporter($node, $port, "before stop -m $mode");
    $node->stop($mode);
    # An immediate stop does not wait for the keeper to have tidied up.
    $measured{"exporter gone after stop -m $mode"} =
        happens("stop -m $mode leaves no exporter", sub { is_gone($exporter) }, 10);
}

$node->start;
$exporter = wait_for_exporter($node, $port, 'after an immediate stop');
my $keeper = keeper_of($node);
$node->command_ok([ 'pgbench', '-i', '-q', 'postgres' ], 'pgbench -i');

note 'locked catalogues';
my $locker = session($node,
    'begin; lock table pg_catalog.pg_class, pg_catalog.pg_authid, pg_catalog.pg_database '
        . 'in access exclusive mode;');
my ($said, $complained) = ('', '');
my $waiting = IPC::Run::start(
    [ 'psql', '-X', '-q', '-A', '-t', '-c', 'select 42', $node->connstr('postgres') ],
    '<', '/dev/null', '>', \$said, '2>', \$complained, IPC::Run::timeout($patience));
push @running, $waiting;
samples_go_on($port, 'locked catalogues');
is(get($port, '/healthz')->{status}, 200, 'healthy');
$waiting->pump_nb;
ok("$said$complained" eq '' && !is_gone($waiting->{KIDS}[0]{PID}), 'a new connection hangs');
end_session($locker);
eval { $waiting->finish };
is($said, "42\n", 'until the lock goes');

note 'overload';
my $bench = start_pgbench($node, 'overload', '-S', '-c', $clients, '-j', $processors, '-T', 10);
happens('all of its clients are there',
    sub { sum_of(scrape($port), 'elile_db_connections', 'application="pgbench"') == $clients }, 10);
my (@seconds, @ages);
for my $round (1 .. 10)
{
    $scrape = scrape($port);
    push @seconds, $scrape->{seconds} if $scrape->{status} == 200;
    push @ages, $scrape->{age} if defined $scrape->{age};
    usleep(500_000);  # the load lasts ten seconds, and the scrapes half of them
}
ok(is_pgbench_running($bench), 'pgbench runs all the time');
my ($exit, $failed, $transactions) = finish_pgbench($bench);
is($exit, 0, 'pgbench is content');
is(scalar @seconds, 10, 'all scrapes are answered');
is(scalar(grep { $_ < 10 } @seconds, @ages), 20, 'in time and fresh');
$measured{'scrape in overload'} = range(@seconds);
$measured{'sample age in overload'} = range(@ages);
note "$transactions transactions";

note 'a standby';
my $standby_port = PostgreSQL::Test::Cluster::get_free_port();
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', "elile_optimize.metrics_port = $standby_port");
$standby->start;
my $standby_exporter = wait_for_exporter($standby, $standby_port, 'standby');
$node->wait_for_catchup($standby);
$standby->safe_psql('postgres', 'select count(*) from item;' x 7);
my @item = ('table="item"', 'operation="select"', 'database="postgres"');
happens('statements of the standby are counted there',
    sub { $scrape = scrape($standby_port); sum_of($scrape, 'elile_db_queries_total', @item) == 7 }, 10);
is(sum_of($scrape, 'elile_db_query_duration_seconds_count', @item), 7, 'in its histogram as well');
is(sum_of($scrape, 'elile_db_in_recovery'), 1, 'it is in recovery');
my $primary_scrape = scrape($port);
is($primary_scrape->{value}{elile_db_in_recovery}, 0, 'the primary is not');
is(sum_of($primary_scrape, 'elile_db_queries_total', @item), 0, 'and has none of these statements');
samples_go_on($standby_port, 'standby');
$standby->stop('fast');
ok(is_gone($standby_exporter), 'its exporter goes with it');
is("@{[exporters_of($node)]}", $exporter, "the primary's stays");

note 'a stopped postmaster';
my $postmaster = postmaster_of($node);
push @stopped, $postmaster;
kill 'STOP', $postmaster;
my $health;
$measured{'stopped postmaster seen'} = happens('a stopped postmaster is not healthy',
    sub { $health = get($port, '/healthz'); $health->{status} == 503 && $health->{text} eq 'postmaster stopped' }, 10)
    or diag("it says: $health->{text}");
samples_go_on($port, 'stopped postmaster');
is(get($port, '/healthz')->{status}, 503, 'it still is not healthy');
kill 'CONT', $postmaster;
happens('healthy again', sub { get($port, '/healthz')->{status} == 200 }, 10);

note 'a stopped keeper';
push @stopped, $keeper;
my $began = time;
kill 'STOP', $keeper;
wait_until(sub { $health = get($port, '/healthz'); $health->{status} == 503 }, 30);
$measured{'stopped keeper seen'} = time - $began;
is($health->{status}, 503, 'without a keeper it is not healthy');
like($health->{text}, qr/^no sample for \d+ s$/, 'and the answer says why');
cmp_ok($measured{'stopped keeper seen'}, '>', 3, 'after a few seconds');
my $first = scrape($port);
is($first->{status}, 200, 'metrics are served still');
cmp_ok($first->{age}, '>', 5, 'with their age');
happens('which grows', sub { (scrape($port)->{age} // 0) >= $first->{age} + 0.5 }, 10);
is(get($port, '/readyz')->{status}, 200, 'and ready');
kill 'CONT', $keeper;
happens('healthy again', sub { get($port, '/healthz')->{status} == 200 }, 10);
happens('a fresh sample', sub { (scrape($port)->{age} // 1e9) < 5 }, 10);
samples_go_on($port, 'a keeper that goes on');
is("@{[exporters_of($node)]}", $exporter, 'the same exporter');

note 'an exporter that crashes and hangs';
my $log_from = -s $node->logfile;
my (%recovery, %recovery_of, @fallen, @results);
my $seen_at = 0;
my $before = scrape($port);
my $starts = sum_of($before, 'elile_optimize_exporter_starts_total');
my @load = ('-c', 4, '-j', $processors, '-T', 10);
my $benches = 0;
$bench = start_pgbench($node, 'load' . ++$benches, @load);
for my $round (0 .. 19)
{
    my $signal = (qw(SEGV KILL STOP))[ $round % 3 ];
    my $victim = $exporter;
    my $new;
    # Every other one is let live for a while. What dies at once is started with a pause.
    my $life = $round % 2 == 0 ? 'a while' : 'a moment';
    wait_until(sub { time - $seen_at > 1.3 }) if $life eq 'a while';
    # Load all the time, whatever that takes here.
    if (!is_pgbench_running($bench))
    {
        push @results, [ finish_pgbench($bench) ];
        $bench = start_pgbench($node, 'load' . ++$benches, @load);
    }
    push @stopped, $victim if $signal eq 'STOP';
    $began = time;
    kill $signal, $victim;
    my $took = wait_until(
        sub {
            ($new) = grep { $_ != $victim } exporters_of($node);
            return defined $new && serves($port);
        }, 30);
    last if !defined $took;
    $seen_at = time;
    push @{ $recovery{$signal} }, $seen_at - $began;
    push @{ $recovery_of{"SIG$signal after $life"} }, $seen_at - $began;
    my $after = scrape($port);
    push @fallen, fallen($before, $after);
    $before = $after;
    $exporter = $new;
}
push @results, [ finish_pgbench($bench) ];
for my $signal (qw(SEGV KILL STOP))
{
    my @times = @{ $recovery{$signal} // [] };
    is(scalar(grep { $_ < 10 } @times), $signal eq 'STOP' ? 6 : 7, "back after each SIG$signal");
}
$measured{"recovery from $_"} = range(@{ $recovery_of{$_} }) for keys %recovery_of;
is(join("\n", @fallen), '', 'no counter fell');
is(scalar(grep { $_->[0] != 0 } @results), 0, 'no pgbench failed');
is(scalar(grep { ($_->[1] // 1) != 0 } @results), 0, 'and no transaction');
note sprintf('pgbench %d times, %s transactions', $benches, join(', ', map { $_->[2] // '?' } @results));
is(keeper_of($node), $keeper, 'the same keeper');
is("@{[exporters_of($node)]}", $exporter, 'one exporter');
cmp_ok(sum_of(scrape($port), 'elile_optimize_exporter_starts_total') - $starts, '>=', 20, 'starts are counted');
note 'exporter starts: ' . (sum_of(scrape($port), 'elile_optimize_exporter_starts_total') - $starts);
my $log = slurp_file($node->logfile, $log_from);
unlike($log, qr/terminating any other active server processes|FATAL|PANIC/, 'the server went on');
like($log, qr/the exporter of elile_optimize ended with signal 11/, 'its log tells of a crash');
like($log, qr/the exporter of elile_optimize does not answer/, 'and of a hang');

note 'a keeper that crashes';
my $ended = time;
happens('a sample that has all of the load',
    sub { $before = scrape($port); ($before->{sampled_at} // 0) > $ended + 0.5 }, 10);
my $old_keeper = $keeper;
my $old_exporter = $exporter;
$log_from = -s $node->logfile;
$began = time;
kill 'KILL', $keeper;
$node->wait_for_log(qr/all server processes terminated; reinitializing/, $log_from);
$node->wait_for_log(qr/database system is ready to accept connections/, $log_from);
happens('the exporter serves after a crash restart', sub {
        my ($new) = grep { $_ != $old_exporter } exporters_of($node);
        return defined $new && serves($port);
}, 30);
$measured{'from a keeper\'s crash to a scrape'} = time - $began;
happens('healthy after a crash restart', sub { get($port, '/healthz')->{status} == 200 }, 10);
# The server's own counts of index scans begin anew.
@fallen = grep { !/^elile_index_scans_total/ } fallen($before, scrape($port));
is(join("\n", @fallen), '', 'counters are kept');
ok(is_gone($old_keeper), 'the keeper is another');
ok(is_gone($old_exporter), 'its exporter is gone');
is(scalar(my @exporters = exporters_of($node)), 1, 'one exporter');
my $queries = sum_of(scrape($port), 'elile_db_queries_total', 'table="pgbench_tellers"');
cmp_ok($queries, '>', 0, 'there was something to keep');
$node->safe_psql('postgres', 'update pgbench_tellers set filler = null where tid = 1;' x 3);
happens('counting goes on', sub {
        sum_of(scrape($port), 'elile_db_queries_total', 'table="pgbench_tellers"') == $queries + 3;
}, 10);

note 'a postmaster that is killed';
($exporter) = exporters_of($node);
$postmaster = postmaster_of($node);
my @processes = children_of($postmaster);
$began = time;
$node->kill9;
wait_until(sub { is_gone($exporter) }, 10);
$measured{'exporter gone after the postmaster'} = time - $began;
ok(is_gone($exporter), 'the exporter goes with the postmaster');
isnt(get($port, '/metrics', 2)->{status}, 200, 'nobody serves');
# The next postmaster looks whether the one before still is a process, be it a zombie.
happens('all processes go',
    sub { !-e "/proc/$postmaster" && !grep { !is_gone($_) } @processes });
$node->start;
wait_for_exporter($node, $port, 'started again');
happens('healthy', sub { get($port, '/healthz')->{status} == 200 }, 10);
($exporter) = exporters_of($node);
push @stopped, $exporter;
kill 'STOP', $exporter;
$node->stop('fast');
ok(is_gone($exporter), 'stop leaves no exporter that hangs');

for my $what (sort keys %measured)
{
    my $figure = $measured{$what} // 'never';
    diag "$what: " . ($figure =~ /^[\d.e-]+$/ ? sprintf('%.3f s', $figure) : $figure);
}
done_testing();

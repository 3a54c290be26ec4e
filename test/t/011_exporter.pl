# The exporter: what it serves, to whom, and that its figures are those of the views.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use IO::Socket::INET;
use IO::Socket::UNIX;
use IPC::Run;
use List::Util qw(max sum0);
use POSIX qw(ceil);
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Test::More;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $deadline_s = $PostgreSQL::Test::Utils::timeout_default || 180;
my $node = PostgreSQL::Test::Cluster->new('main');
my $port = PostgreSQL::Test::Cluster::get_free_port();
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
max_connections = 200
log_statement = none
elile_optimize.max_statements = 100
elile_optimize.track = all
elile_optimize.slow_query_threshold = 20
elile_optimize.enable_query_logging = off
});
$node->start;

# A session is light where it speaks the protocol itself: answers are what psql -At would show.
sub connect_to
{
    my ($database, %parameters) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "connect: $!";
    my $body = pack('N', 196608);
    %parameters = (user => 'postgres', database => $database, %parameters);
    $body .= "$_\0$parameters{$_}\0" foreach sort keys %parameters;
    syswrite($socket, pack('N', length($body) + 5) . "$body\0");
    my $session = { socket => $socket, buffer => '' };
    answer($session)->{error} eq '' or die "no session in $database";
    return $session;
}

sub receive
{
    my ($session, $bytes) = @_;
    while (length $session->{buffer} < $bytes)
    {
        sysread($session->{socket}, $session->{buffer}, 65536, length $session->{buffer})
            or die 'the session ended';
    }
    return substr($session->{buffer}, 0, $bytes, '');
}

# Until the session is ready for another query.
sub answer
{
    my ($session) = @_;
    my ($text, $error) = ('', '');
    while (1)
    {
        my ($kind, $length) = unpack('aN', receive($session, 5));
        my $body = receive($session, $length - 4);
        if ($kind eq 'D')
        {
            my ($columns, $at, @values) = (unpack('n', $body), 2);
            while ($columns-- > 0)
            {
                my $bytes = unpack('l>', substr($body, $at, 4));
                push @values, $bytes < 0 ? '' : substr($body, $at + 4, $bytes);
                $at += 4 + max($bytes, 0);
            }
            $text .= ($text eq '' ? '' : "\n") . join('|', @values);
        }
        $error = "$1: $2" if $kind eq 'E' && $body =~ /\0C([^\0]*)\0M([^\0]*)/;
        return { text => $text, error => $error } if $kind eq 'Z';
        die $error if $kind eq 'E' && $body =~ /SFATAL/;
    }
}

sub ask { my ($session, $query) = @_; syswrite($session->{socket}, 'Q' . pack('N', length($query) + 5) . "$query\0"); return }
sub query { my ($session, $query) = @_; ask($session, $query); return answer($session) }

sub do_all
{
    my ($session, @queries) = @_;
    foreach my $query (@queries)
    {
        my $error = query($session, $query)->{error};
        die "$error in: $query" if $error ne '';
    }
    return;
}
sub value { my ($session, $query) = @_; my $got = query($session, $query); die $got->{error} if $got->{error} ne ''; return $got->{text} }

# A whole answer, or one without a status where there was none.
sub http
{
    my ($path, $method) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => $deadline_s)
        or return { status => 0, error => "$!" };
    syswrite($socket, ($method // 'GET') . " $path HTTP/1.1\r\nHost: localhost\r\n\r\n");
    my $got = '';
    local $SIG{ALRM} = sub { die "no end of the answer to $path" };
    alarm $deadline_s;
    while (sysread($socket, $got, 1 << 20, length $got)) { }
    alarm 0;
    my ($head, $body) = split /\r\n\r\n/, $got, 2;
    my ($status) = ($head // '') =~ m{^HTTP/1\.1 (\d+) };
    my %header = map { /^([^:]+):\s*(.*?)\r?$/ ? (lc $1 => $2) : () } split /\n/, $head // '';
    return { status => $status // 0, header => \%header, body => $body // '' };
}

# What comes true, or 0 and a word on it.
sub await
{
    my ($what, $until, $seconds) = @_;
    my $result = poll($until, $seconds);
    diag("timed out: $what") if !$result;
    return $result;
}

# name -> labels -> value; labels as one string, "a=b\n" each, in the order of their names.
sub parse
{
    my ($text) = @_;
    my %escaped = ('\\' => '\\', '"' => '"', 'n' => "\n");
    my %figures = (text => $text, twice => []);
    foreach my $line (split /\n/, $text)
    {
        next if $line =~ /^#/;
        my ($name, $labels, $value) = $line =~ /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)*)\})? (\S+)$/
            or die "not a sample: $line";
        my %label;
        while (($labels // '') =~ /([a-z_]+)="((?:[^"\\]|\\.)*)"/g)
        {
            my ($key, $text_of) = ($1, $2);
            $text_of =~ s/\\(.)/$escaped{$1}/g;
            $label{$key} = $text_of;
        }
        my $identity = labels(%label);
        push @{ $figures{twice} }, $line if exists $figures{$name}{$identity};
        $figures{$name}{$identity} = $value;
    }
    return \%figures;
}
sub labels { my %label = @_; return join '', map { "$_=$label{$_}\n" } sort keys %label }
sub scrape { return parse(http('/metrics')->{body}) }

# What was true at a moment, or later; a scrape shows a sample, and an answer may be 250 ms old.
sub scrape_after
{
    my ($moment) = @_;
    return await('a new sample', sub {
            my $asked = clock_gettime(CLOCK_MONOTONIC);
            my $scrape = scrape();
            my $age = $scrape->{elile_optimize_sample_age_seconds}{''} + $scrape->{elile_optimize_sampling_duration_seconds}{''};
            return defined $scrape->{elile_db_max_connections} && $asked - 0.3 - $age > $moment ? $scrape : undef;
    }) || die 'no new sample';
}
sub scrape_now { return scrape_after(clock_gettime(CLOCK_MONOTONIC)) }

sub is_of
{
    my ($identity, %match) = @_;
    return !grep { "\n$identity" !~ /\n\Q$_=$match{$_}\E\n/ } keys %match;
}
sub total
{
    my ($scrape, $name, %match) = @_;
    my $series = $scrape->{$name} // {};
    return sum0(map { is_of($_, %match) ? $series->{$_} : () } keys %$series);
}

# One series of statements with all that belongs to it: its bounds in order, and each with its count.
sub series
{
    my ($scrape, %label) = @_;
    my $identity = labels(%label);
    my %got = map { $_ => $scrape->{"elile_db_$_"}{$identity} // 0 }
        qw(queries_total slow_queries_total failed_queries_total
        query_duration_seconds_count query_duration_seconds_sum);
    my $buckets = $scrape->{elile_db_query_duration_seconds_bucket};
    $got{"le=$_"} = $buckets->{ labels(%label, le => $_) } // 0 foreach bounds();
    return \%got;
}
sub bounds { return ((map { 0 + sprintf '%.17g', 2**$_ } -13 .. 6), '+Inf') }

# Of the views nothing is counted, so that it stays what it was.
sub watcher { return connect_to('postgres', options => '-c elile_optimize.track=none', application_name => 'watcher') }
sub table_operations
{
    my ($session) = @_;
    my %rows;
    foreach my $line (split /\n/, value($session, q{
        select datname, case when table_name is null then '' when schema_name = 'public' and table_name <> 'other'
               then table_name else schema_name || '.' || table_name end, operation,
               calls + failed_calls, failed_calls, slow_calls, total_time, p95_time
        from elile_optimize.table_operations where toplevel and (table_name is null or table_name !~ '\n')}))
    {
        my ($database, $table, $operation, @figures) = split /\|/, $line;
        $rows{ labels(database => $database, table => $table, operation => $operation) } =
            [ $database, $table, $operation, @figures ];
    }
    return \%rows;
}

sub has_promtool { return IPC::Run::run([ 'sh', '-c', 'command -v promtool' ], '>', \my $out, '2>', \my $err) }
sub promtool_ok
{
    my ($scrape, $name) = @_;
    is(join("\n", @{ $scrape->{twice} }), '', "$name: no series twice");
    SKIP:
    {
        skip 'promtool is not installed', 1 unless has_promtool();
        my $text = $scrape->{text};
        my $said = '';
        IPC::Run::run([ 'promtool', 'check', 'metrics' ], '<', \$text, '>&', \$said);
        is("$? $said", '0 ', "promtool accepts $name without a word");
    }
    return;
}

sub set_and_reload
{
    my ($session, %settings) = @_;
    do_all($session, map { "alter system set elile_optimize.$_ = '$settings{$_}'" } keys %settings);
    do_all($session, 'select pg_reload_conf()');
    return;
}

# Off, on. What the database marker has is not counted, so that no one looks at its indexes yet.
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table doubled (id int, name text);
    insert into doubled values (1, 'a'), (1, 'b');
    create index doubled_name on doubled (name);
    set enable_seqscan = off;} . q{select count(*) from doubled where name = 'a';} x 5 . q{
    create database second;
    create database marker;});
$node->psql('postgres', 'create unique index concurrently doubled_id on doubled (id)');
$node->safe_psql('marker', q{
    create extension elile_optimize;
    create table t (id int primary key);
    create schema a;
    create table a.b (id int);
    create index of_b on a.b (id);
    create table "a.b" (id int);
    create index of_b on "a.b" (id);});
my $watcher = watcher();
do_all($watcher, 'select elile_optimize.reset()');
do_all(connect_to('postgres'), 'select count(*) from doubled');
my $state = q{select exporter_state, exporter_address is null from elile_optimize.info};
is(value($watcher, $state), 'off|t', 'off by default');
is(join(' ', exporters_of($node)), '', 'and no process');
is(http('/metrics')->{status}, 0, 'nobody listens');
set_and_reload($watcher, metrics_port => $port);
await('exporter', sub { value($watcher, $state) eq 'listening|f' });
is(value($watcher, 'select exporter_state, exporter_address from elile_optimize.info'),
    "listening|127.0.0.1:$port",
    'it listens after a reload');
my @exporters = exporters_of($node);
is(scalar @exporters, 1, 'one process');
is(read_file("/proc/$exporters[0]/cmdline"), "elile_optimize_exporter\0", 'of the exporter');

# HTTP.
await('a first sample', sub { http('/readyz')->{status} == 200 });
my %expected = (
    '/metrics' => [ 200, 'text/plain; version=0.0.4; charset=utf-8', qr/^# HELP elile_/ ],
    '/' => [ 200, 'text/html; charset=utf-8', qr/^<!DOCTYPE html>/ ],
    '/healthz' => [ 200, 'text/plain; charset=utf-8', qr/^ok\n$/ ],
    '/readyz' => [ 200, 'text/plain; charset=utf-8', qr/^ready\n$/ ],
    '/nothing' => [ 404, 'text/plain; charset=utf-8', qr/./ ],
    '/metrics/more' => [ 404, 'text/plain; charset=utf-8', qr/./ ],
    '/../../etc/passwd' => [ 404, 'text/plain; charset=utf-8', qr/^there are/ ]);
foreach my $path (sort keys %expected)
{
    my ($status, $type, $body) = @{ $expected{$path} };
    my $got = http($path);
    is("$got->{status} $got->{header}{'content-type'}", "$status $type", "$path: its kind");
    like($got->{body}, $body, "$path: its body");
    is(length $got->{body}, $got->{header}{'content-length'}, "$path: its length");
    my $head = http($path, 'HEAD');
    is("$head->{status} $head->{header}{'content-type'} $head->{body}", "$status $type ", "HEAD $path: no body");
}
foreach my $method (qw(POST PUT DELETE OPTIONS PATCH))
{
    my $got = http('/metrics', $method);
    is("$got->{status} " . ($got->{header}{allow} // 'no Allow'), '405 GET, HEAD', "$method is not served");
}
promtool_ok(scrape_now(), 'a server at rest');

# The figures are those of the view.
foreach my $database (qw(postgres second))
{
    my $session = connect_to($database);
    do_all($session,
        'create table orders (id int primary key, amount int); create table items (id int); create schema depot',
        'create table depot.orders (id int); create table other (id int)',
        map({ "insert into orders values ($_, $_)" } 1 .. 20),
        ('insert into items values (1)') x 7,
        ('select count(*) from orders where amount > 3') x 40,
        ('select count(*) from items') x 3,
        ('select count(*) from depot.orders') x 4,
        ('delete from other') x 2,
        ('update orders set amount = amount + 1') x 5,
        ('delete from items where id = 2') x 2,
        ('select pg_sleep(0.03) from items limit 1') x 2,
        q{merge into items using orders on items.id = orders.id when not matched then do nothing},
        q{analyze orders});
    query($session, $_)
        foreach (('insert into orders values (1, 1)') x 3, ('select 1 / (id - id) from items') x 2,
        'select pg_sleep(0.03), 1 / (amount - amount) from orders');
}
my $scrape = scrape_now();
my $rows = table_operations($watcher);
is(join('', sort keys %{ $scrape->{elile_db_queries_total} }), join('', sort keys %$rows), 'series of all rows and no more');
my @wrong;
my %seen = (failed => 0, slow => 0);
foreach my $identity (sort keys %$rows)
{
    my ($database, $table, $operation, $queries, $failed, $slow, $total_ms, $p95_ms) = @{ $rows->{$identity} };
    my $got = series($scrape, database => $database, table => $table, operation => $operation);
    $seen{failed} += $failed;
    $seen{slow} += $slow;
    my @cumulative = map { $got->{"le=$_"} } bounds();
    my $rank = ceil($queries * 0.95 - 1e-9);
    my ($at) = grep { $cumulative[$_] >= $rank } 0 .. $#cumulative;
    my @bounds = (0, map { $_ * 1000 } (bounds())[ 0 .. 19 ], 1e300);
    my %holds = (
        queries => $got->{queries_total} == $queries,
        failed => $got->{failed_queries_total} == $failed,
        slow => $got->{slow_queries_total} == $slow,
        count => $got->{query_duration_seconds_count} == $queries,
        sum => abs($got->{query_duration_seconds_sum} * 1000 - $total_ms) <= 1e-6 + 1e-9 * $total_ms,
        cumulative => !(grep { $cumulative[$_] < $cumulative[ $_ - 1 ] } 1 .. $#cumulative),
        all => $cumulative[-1] == $queries,
        p95 => defined $at && $p95_ms > $bounds[$at] && $p95_ms <= $bounds[ $at + 1 ]);
    push @wrong, map { "$_ of $identity" } grep { !$holds{$_} } keys %holds;
}
is("@wrong", '', 'queries, failed, slow, count, sum, buckets and p95 are those of table_operations');
cmp_ok($seen{failed}, '>=', 12, 'failed ones were among them');
cmp_ok($seen{slow}, '>=', 6, 'slow ones too');
is(total($scrape, 'elile_db_queries_total', table => 'orders', database => 'second', operation => 'select'),
    41, 'as many as there were');
is(total($scrape, 'elile_db_queries_total', table => 'depot.orders'), 8, 'a table of another schema');
is(total($scrape, 'elile_db_queries_total', table => 'public.other'), 4, 'a table that is named other');

# Databases come and go right after somebody was at work in them.
foreach my $name (map { "passing_$_" } 1 .. 3)
{
    do_all($watcher, "create database $name");
    my $session = connect_to($name);
    do_all($session, 'create table t (id int)', 'select count(*) from t');
    # The one has been looked at before, the others are not yet known.
    scrape_now() if $name eq 'passing_1';
    do_all($session, 'select count(*) from t');
    undef $session;
    is(query($watcher, "create database ${name}_copy template $name")->{error}, '', "a copy of $name");
    is(query($watcher, "drop database $name")->{error}, '', "$name dropped");
    is(query($watcher, "drop database ${name}_copy")->{error}, '', 'and its copy');
}

# Evictions take nothing away, not for a moment.
my $client = connect_to('postgres', application_name => 'churn');
do_all($client, 'create table churn (a int, b int, c int, d int)');
my @samples = (scrape_now());
my $rounds = 0;
foreach my $column (qw(a b c d))
{
    my $ready = '';
    ask($client, join ';', map {
            my $shape = $_;
            'select count(*) from churn where true' . join '', map { " and $column " . ($shape >> $_ & 1 ? '>' : '<') . ' 1' } 0 .. 10;
    } 1 .. 2000);
    ++$rounds;
    while (!$ready)
    {
        push @samples, scrape();
        vec(my $bits = '', fileno $client->{socket}, 1) = 1;
        $ready = select($bits, undef, undef, 0.3);
    }
    is(answer($client)->{error}, '', 'a round of 2,000 statements');
    last if @samples > 6;
}
push @samples, scrape_now();
my $fallen = 0;
foreach my $at (1 .. $#samples)
{
    foreach my $name (map { "elile_db_$_" } qw(queries_total slow_queries_total failed_queries_total
        query_duration_seconds_bucket query_duration_seconds_count query_duration_seconds_sum))
    {
        my ($before, $after) = map { $_->{$name} } @samples[ $at - 1, $at ];
        $fallen += grep { !exists $after->{$_} || $after->{$_} < $before->{$_} } keys %$before;
    }
}
is($fallen, 0, 'no series fell in ' . @samples . ' scrapes while statements were evicted');
cmp_ok($samples[-1]{elile_optimize_evictions_total}{''}, '>', 1500, 'and many were');
is(total($samples[-1], 'elile_db_queries_total', table => 'churn', operation => 'select'),
    2000 * $rounds,
    'none of them was lost');

# reset() is one counter reset of all series.
do_all($client, ('select count(*) from churn') x 30);
my $before = scrape_now();
my $since = $before->{elile_optimize_stats_since_seconds}{''};
do_all($watcher, 'select elile_optimize.reset()');
do_all($client, ('select count(*) from churn') x 3);
my $after = scrape_now();
cmp_ok($after->{elile_optimize_stats_since_seconds}{''}, '>', $since, 'reset() is told');
my @stayed;
foreach my $identity (keys %{ $before->{elile_db_queries_total} })
{
    my %label = $identity =~ /^(\w+)=(.*)$/mg;
    my ($then, $now) = (series($before, %label), series($after, %label));
    push @stayed, map { "$_ of $identity" } grep { $now->{$_} > 0 && $now->{$_} >= $then->{$_} } keys %$then;
}
is("@stayed", '', 'reset() begins each component of each series again');
is(series($after, database => 'postgres', table => 'churn', operation => 'select')->{$_}, 3, "from zero: $_")
    foreach qw(queries_total query_duration_seconds_count le=+Inf);

# Some of a table's statements forgotten: the whole series begins again.
my $orders = connect_to('second');
my %of_orders = (database => 'second', table => 'orders', operation => 'select');
my %of_items = (database => 'second', table => 'items', operation => 'select');
do_all($orders, ('select count(*) from orders') x 50, ('select sum(amount) from orders') x 5,
    ('select count(*) from items') x 6, ('select pg_sleep(0.03) from orders limit 1') x 2);
$before = scrape_now();
is(series($before, %of_orders)->{queries_total}, 57, 'before a part is forgotten');
my $forget = q{select elile_optimize.reset(userid, dbid, queryid) from elile_optimize.statements where query =};
is(value($watcher, "$forget 'select sum(amount) from orders'"), '', 'reset of one statement');
$after = scrape_now();
my ($then, $now) = (series($before, %of_orders), series($after, %of_orders));
my @fell = grep { $now->{$_} < $then->{$_} } keys %$then;
my @had = grep { $then->{$_} > 0 } keys %$then;
is(join(' ', sort @fell), join(' ', sort @had), 'every component of its series fell');
is_deeply(series($after, %of_items), series($before, %of_items), 'no other series did');
is(join(' ', grep { $now->{$_} > 0 } sort keys %$now), '', 'to zero');
do_all($orders, ('select count(*) from orders') x 4);
$now = series(scrape_now(), %of_orders);
is(join(' ', map { $now->{$_} } qw(queries_total query_duration_seconds_count le=+Inf slow_queries_total)),
    '4 4 4 0', 'and counts on from there');

# More tables than may have series: nothing is lost, only told apart no longer.
my $many = connect_to('second', application_name => 'many');
do_all($many, map { "create table many_$_ (id int)" } 1 .. 20);
set_and_reload($watcher, metrics_max_tables => 5);
await('metrics_max_tables', sub { total(scrape(), 'elile_optimize_tables_other') > 0 });
do_all($watcher, 'select elile_optimize.reset()');
do_all($many, map { ("select count(*) from many_$_", "insert into many_$_ values ($_)", "select count(*) from many_$_") } 1 .. 20);
do_all($client, 'select count(*) from churn', 'select count(*) from orders', 'select 1');
$scrape = scrape_now();
$rows = table_operations($watcher);
my %own = map { /^table=(.*)$/m && $1 ne 'other' ? ($1 => 1) : () } keys %{ $scrape->{elile_db_queries_total} };
cmp_ok(scalar keys %own, '<=', 6, 'no more tables than metrics_max_tables, and that of no table');
my %sum;
foreach my $identity (sort keys %$rows)
{
    my ($database, $table, $operation, $queries, undef, undef, $total_ms) = @{ $rows->{$identity} };
    my $has_own = exists $scrape->{elile_db_queries_total}{$identity};
    my $series = labels(database => $database, table => $has_own ? $table : 'other', operation => $operation);
    $sum{$series}[0] += $queries;
    $sum{$series}[1] += $total_ms / 1000;
}
is(join("\n", map { "$_$scrape->{elile_db_queries_total}{$_}" } sort keys %{ $scrape->{elile_db_queries_total} }),
    join("\n", map { "$_$sum{$_}[0]" } sort keys %sum), 'other is the sum of the rest');
is(join(' ', grep { abs($scrape->{elile_db_query_duration_seconds_sum}{$_} - $sum{$_}[1]) > 1e-6 } keys %sum),
    '', 'of its time too');
is(total($scrape, 'elile_db_queries_total', database => 'second', table => 'other', operation => 'insert'), 20, 'what was inserted');
cmp_ok($scrape->{elile_optimize_tables_other}{''}, '>=', 20, 'how many tables are in it');
foreach my $database (qw(postgres second))
{
    is(total($scrape, 'elile_db_queries_total', database => $database),
        value($watcher, qq{select sum(calls + failed_calls) from elile_optimize.table_operations where toplevel and datname = '$database'}),
        "nothing of $database is lost");
}
promtool_ok($scrape, 'more tables than fit');
set_and_reload($watcher, metrics_max_tables => 200);
await('metrics_max_tables', sub { total(scrape(), 'elile_optimize_tables_other') == 0 });
is(series(scrape(), database => 'second', table => 'many_20', operation => 'select')->{queries_total}, 2, 'raised again');

# Names with all that a name may have. From 19 on that of a database has no line break.
my $may_break = value($watcher, q{select current_setting('server_version_num')::int < 190000}) eq 't';
my $odd_database = qq{da"ta\\ba} . ($may_break ? "\n" : ' ') . 'se';
(my $quoted = $odd_database) =~ s/"/""/g;
do_all($client, qq{create database "$quoted"},
    q{create database ascii template template0 encoding 'SQL_ASCII' locale 'C'},
    q{create database latin template template0 encoding 'LATIN1' locale 'C'});
my $odd = connect_to($odd_database, application_name => q{a"pp\\lication});
do_all($odd, q{create schema "sch""ema\\"},
    qq{create table "sch""ema\\"."two\nlines" (id int); create table "\xc3\xbcml\xc3\xa4ut \xe2\x98\x83" (id int)},
    q{create table "<script>alert(1)</script>" (id int)},
    qq{select count(*) from "sch""ema\\"."two\nlines"},
    qq{select count(*) from "\xc3\xbcml\xc3\xa4ut \xe2\x98\x83"},
    q{select count(*) from "<script>alert(1)</script>"});
my $ascii = connect_to('ascii');
do_all($ascii, qq{create table "\xff\xfe caf\xe9" (id int); create table "ok\xc3\xa9" (id int)},
    qq{select count(*) from "\xff\xfe caf\xe9"}, qq{select count(*) from "ok\xc3\xa9"});
my $latin = connect_to('latin');
do_all($latin, qq{create extension elile_optimize; create table "caf\xe9" (id int); create index "caf\xe9_id" on "caf\xe9" (id)},
    qq{select count(*) from "caf\xe9"});
$scrape = scrape_now();
my $named = sub {
    my ($database, $table) = @_;
    return $scrape->{elile_db_queries_total}{ labels(database => $database, table => $table, operation => 'select') };
};
is($named->($odd_database, qq{sch"ema\\.two\nlines}), 1, 'quotes, a backslash and a newline');
is($named->($odd_database, "\xc3\xbcml\xc3\xa4ut \xe2\x98\x83"), 1, 'UTF-8');
is($named->('ascii', '\xFF\xFE caf\xE9'), 1, 'bytes that are no UTF-8');
is($named->('ascii', "ok\xc3\xa9"), 1, 'and bytes that are');
is($named->('latin', 'caf\xE9'), 1, 'bytes of another encoding');
is(total($scrape, 'elile_db_connections', database => $odd_database, application => q{a"pp\\lication}), 1, 'of an application');
# The server replaces what is not ASCII.
my $accented = connect_to('second', application_name => "\xc3\xa4pp\nname");
my $shown_as = value($watcher, q{select application_name from pg_stat_activity where application_name ~ 'pp.+name'});
is(total(scrape_now(), 'elile_db_connections', database => 'second', application => $shown_as), 1, "of one that is shown as $shown_as");
like($scrape->{text}, qr/database="da\\"ta\\\\ba(\\n| )se"/, 'escaped');
like($scrape->{text}, qr/table="sch\\"ema\\\\.two\\nlines"/, 'of a table too');
promtool_ok($scrape, 'names');
unlike(http('/')->{body}, qr/<script/, 'no name is markup on the status page');

# Sessions.
my $waiting = connect_to('second', application_name => 'waiting');
my $aborted = connect_to('second', application_name => 'waiting');
my $running = connect_to('second', application_name => 'running');
do_all($waiting, 'begin');
query($aborted, 'begin; select 1 / 0');
ask($running, 'select pg_sleep(3600)');
my $sessions = q{select count(*) from pg_stat_activity where backend_type = 'client backend'};
$scrape = scrape_now();
my $states = sub {
    my ($application) = @_;
    my $found = $scrape->{elile_db_connections};
    return join ' ', map { /^state=(.*)$/m; "$1:$found->{$_}" }
        grep { is_of($_, application => $application, database => 'second') } sort keys %$found;
};
is($states->('waiting'), 'idle in transaction:1 idle in transaction (aborted):1', 'open transactions');
is($states->('running'), 'active:1', 'at work');
is($states->('many'), 'idle:1', 'idle');
is(total($scrape, 'elile_db_connections'), value($watcher, $sessions), 'as many as pg_stat_activity has');
is($scrape->{elile_optimize_applications_other}{''}, 0, 'all told apart');
is($scrape->{elile_db_max_connections}{''}, 200, 'max_connections');
my @crowd = map { connect_to('postgres', application_name => $_ <= 136 ? "app_$_" : 'popular') } 1 .. 140;
$scrape = scrape_now();
is(total($scrape, 'elile_db_connections'), value($watcher, $sessions), 'as many with 140 applications more');
my $others = total($scrape, 'elile_db_connections', application => 'other', state => 'idle');
cmp_ok($others, '>', 0, 'some of them summed as other');
cmp_ok($scrape->{elile_optimize_applications_other}{''}, '>=', $others, 'how many groups');
is(total($scrape, 'elile_db_connections', application => 'popular'), 4, 'but not where there are many');
cmp_ok(scalar keys %{ $scrape->{elile_db_connections} }, '<=', 128, 'no more series than promised');
promtool_ok($scrape, 'a crowd');
@crowd = ();
await('the crowd leaves', sub { value($watcher, $sessions) < 20 });
value($watcher, q{select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'running'});

# What applications say of their pools.
my $service = connect_to('second', application_name => 'service');
do_all($client, 'create role app login; grant app to postgres; set role app');
my @functions = ('set_active_connections(3)', 'set_connection_pool_size(10)', q{record_db_query('select', 'told', 0.5)});
is(query($client, "select elile_optimize.$_")->{error} =~ s/:.*//r, '42501', "refused: $_") foreach @functions;
do_all($client, 'reset role', map({ "grant execute on function elile_optimize.$_ to app" }
        'set_active_connections(int)', 'set_connection_pool_size(int)', 'record_db_query(text, text, float8)'),
    'set role app', q{set application_name = 'service'});
is(query($client, "select elile_optimize.$_")->{error}, '', "granted: $_") foreach @functions;
is(query($client, "select elile_optimize.$_(-1)")->{error} =~ s/:.*//r, '22003', "a negative number: $_")
    foreach qw(set_active_connections set_connection_pool_size);
do_all($client, 'select elile_optimize.set_active_connections(4)', 'reset role');
do_all($service, 'create extension elile_optimize; select elile_optimize.set_active_connections(0)');
$scrape = scrape_now();
my %service = (application => 'service', database => 'postgres');
is($scrape->{elile_db_active_connections}{ labels(%service) }, 4, 'connections in use, the last word');
is($scrape->{elile_db_connection_pool_size}{ labels(%service) }, 10, 'size of the pool');
is($scrape->{elile_db_active_connections}{ labels(%service, database => 'second') }, 0, 'of another database');
is($scrape->{elile_db_connection_pool_size}{ labels(%service, database => 'second') }, undef, 'which has not told its size');
is(total($scrape, 'elile_db_queries_total', table => 'told', operation => 'select'), 1, 'a query that was told');
# A database that is made again has the name of the one that is gone, whose reports are still young.
foreach my $time (1, 2)
{
    do_all($watcher, 'create database anew');
    do_all(connect_to('anew', application_name => 'service'), 'create extension elile_optimize',
        "select elile_optimize.set_active_connections(0)", 'select 1');
    last if $time == 2;
    is(query($watcher, 'drop database anew')->{error}, '', 'a database is dropped and made again');
}
$scrape = scrape_now();
promtool_ok($scrape, 'a name with two databases');
is($scrape->{elile_db_active_connections}{ labels(application => 'service', database => 'anew') }, 0, 'what the later one told');

is(query($client, q{do $$ begin for i in 1..300 loop
        perform set_config('application_name', 'pool ' || i, false), elile_optimize.set_active_connections(1);
    end loop; end $$})->{error}, '', '300 applications tell');
$before = $scrape;
my $dropped = value($watcher, 'select pool_reports_dropped from elile_optimize.info');
cmp_ok($dropped, '>=', 300 - 256, 'those beyond the limit are counted');
$scrape = scrape_now();
is(total($scrape, 'elile_db_active_connections'),
    total($before, 'elile_db_active_connections') + 300 - $dropped,
    'and none is lost but those');
cmp_ok($scrape->{elile_db_active_connections}{ labels(application => 'other', database => 'other') }, '>', 200, 'most as other');
is($scrape->{elile_optimize_pool_reports_dropped_total}{''}, $dropped, 'the count is a metric');
promtool_ok($scrape, 'pools');

# Indexes.
my %doubled = (database => 'postgres', table => 'doubled');
my %cafe = (database => 'latin', table => 'caf\xE9', index => 'caf\xE9_id');
$scrape = await('indexes', sub {
        my $got = scrape();
        my %looked_at = %{ $got->{elile_index_stats_age_seconds} // {} };
        return $looked_at{"database=postgres\n"} && $looked_at{"database=latin\n"} ? $got : undef; }, 90) || {};
is($scrape->{elile_index_invalid}{ labels(%doubled, index => 'doubled_id') }, 1, 'an invalid index');
is($scrape->{elile_index_invalid}{ labels(%doubled, index => 'doubled_name') }, 0, 'a valid one');
cmp_ok($scrape->{elile_index_size_bytes}{ labels(%doubled, index => 'doubled_name') } // 0, '>=', 8192, 'its size');
cmp_ok($scrape->{elile_index_scans_total}{ labels(%doubled, index => 'doubled_name') } // 0, '>=', 5, 'and its scans');
is($scrape->{elile_index_invalid}{ labels(%cafe) }, 0, 'one of a database with another encoding');

# Databases are looked at in the order that they came, so a new one tells when all were. Those that are
# gone have been found gone before; that reset() changes their figures is no reason to look again.
do_all($watcher, 'select elile_optimize.reset()');
scrape_now();
do_all(connect_to('marker'), 'select count(*) from t');
ok(await('the marker', sub { defined scrape()->{elile_index_stats_age_seconds}{"database=marker\n"} }, 90),
    'indexes of a database with new activity');
my %times;
++$times{$_} foreach slurp_file($node->logfile) =~ /FATAL:  database "?(\S+?)"? does not exist/g;
is(join(' ', grep { $times{$_} > 1 } sort keys %times), '', 'a database that is gone is looked for once at most');

# Off again.
promtool_ok(scrape_now(), 'all of it');
@exporters = exporters_of($node);
set_and_reload($watcher, metrics_port => 0);
ok(await('exporter ends', sub { value($watcher, $state) eq 'off|t' && !exporters_of($node) }), 'off after a reload');
is(http('/metrics')->{status}, 0, 'and nobody listens');
done_testing();

# What an exporter makes of wrong settings, bad files, clients that abuse it and too much of everything.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Errno qw(EAGAIN EINTR);
use File::Spec;
use IO::Select;
use IO::Socket::INET;
use IPC::Run;
use MIME::Base64;
use POSIX ();
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Processes;
use Test::More;
use Time::HiRes qw(time);

my $deadline_s = $PostgreSQL::Test::Utils::timeout_default || 180;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
log_statement = none
max_locks_per_transaction = 256
autovacuum = off
elile_optimize.max_tables = 20000
elile_optimize.track = all
elile_optimize.enable_query_logging = off
elile_optimize.metrics_port = $port
});
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');

# Whoever writes to a connection that the server has closed gets an error, no signal.
$SIG{PIPE} = 'IGNORE';

sub dial { my ($at) = @_; return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $at // $port, Timeout => 10) }

# What comes back until the end; status 0 where that is no answer, or none in time.
sub exchange
{
    my ($request, $seconds) = @_;
    my $socket = dial() or return { status => 0, body => '', header => '', closed => 0 };
    my $end = time + ($seconds // $deadline_s);
    my ($got, $sent, $closed) = ('', 0, 0);
    $socket->blocking(0);
    while (!$closed && time < $end)
    {
        my ($readable, $writable) =
            map { vec(my $bits = '', fileno $socket, 1) = 1; $bits } 1, 2;
        $writable = undef if $sent >= length $request;
        select($readable, $writable, undef, 0.5) > 0 or next;
        if (defined $writable && $sent < length $request)
        {
            my $bytes = syswrite($socket, $request, 65536, $sent);
            $sent += $bytes if defined $bytes;
            # It is not taken any more, but an answer may be there.
            $sent = length $request if !defined $bytes && $! != EAGAIN && $! != EINTR;
        }
        my $bytes = sysread($socket, $got, 1 << 20, length $got);
        $closed = defined $bytes ? $bytes == 0 : $! != EAGAIN && $! != EINTR;
    }
    my ($status) = $got =~ m{^HTTP/1\.[01] (\d+) };
    my ($header, $body) = split /\r\n\r\n/, $got, 2;
    return { status => $status // 0, header => $header // '', body => $body // '', closed => $closed };
}
sub get
{
    my ($path, $user, $seconds) = @_;
    my $credentials = defined $user ? 'Authorization: Basic ' . encode_base64($user, '') . "\r\n" : '';
    return exchange("GET $path HTTP/1.1\r\nHost: localhost\r\n$credentials\r\n", $seconds);
}
sub status { return get(@_)->{status} }

# Returns where the log went on.
sub configure
{
    my ($of, %settings) = @_;
    my $from = -s $of->logfile;
    $of->append_conf('postgresql.conf', "elile_optimize.$_ = '$settings{$_}'") foreach sort keys %settings;
    $of->reload;
    return $from;
}
sub said { my ($of, $pattern, $from) = @_; return scalar(() = slurp_file($of->logfile, $from) =~ /$pattern/g) }
sub log_has
{
    my ($of, $pattern, $from, $name) = @_;
    ok(poll(sub { said($of, $pattern, $from) }), $name);
    return;
}
sub exporter_state { my ($of) = @_; return $of->safe_psql('postgres', 'select exporter_state from elile_optimize.info') }
sub state_is
{
    my ($of, $pattern, $name) = @_;
    my $state;
    ok(poll(sub { ($state = exporter_state($of)) =~ $pattern }), $name) or diag("it is: $state");
    return;
}

sub exporter { return join ' ', exporters_of($node) }

# Where to listen.
ok(poll(sub { status('/readyz') == 200 }), 'it serves');
my $from = configure($node, metrics_listen_address => 'nonsense');
log_has($node, qr/LOG:  invalid value for parameter "elile_optimize.metrics_listen_address": "nonsense"/, $from,
    'an address that is none is refused');
is($node->safe_psql('postgres', 'show elile_optimize.metrics_listen_address'), '127.0.0.1', 'the one before holds');
is(status('/metrics'), 200, 'and is served');
isnt($node->psql('postgres', qq{alter system set elile_optimize.metrics_listen_address = '$_'}), 0, "refused: $_")
    foreach '127.0.0.1:80', '127.0.0.256', '[::1]', 'localhost', '';

sub cannot_listen
{
    my ($place, $reason, %settings) = @_;
    my $from = configure($node, %settings);
    my $line = qr/WARNING:  elile_optimize exporter: could not listen on \Q$place\E: $reason; trying again/;
    log_has($node, $line, $from, "$place: a warning");
    state_is($node, qr/^cannot listen on \Q$place\E: $reason; trying again$/, "$place: the state says why");
    is($node->safe_psql('postgres', 'select exporter_address is null from elile_optimize.info'), 't', "$place: no address");
    return ($line, $from);
}
my @warned = cannot_listen("192.0.2.1:$port", 'Cannot assign requested address', metrics_listen_address => '192.0.2.1');
is(said($node, @warned), 1, 'no more than one');
is(dial(), undef, 'the place before is left');
SKIP:
{
    skip 'this user may listen on port 1', 4
        if IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 1, Listen => 1);
    @warned = cannot_listen('127.0.0.1:1', 'Permission denied', metrics_listen_address => '127.0.0.1', metrics_port => 1);
    is(said($node, @warned), 1, 'no more than one');
}
my $old_port = $port;
$port = PostgreSQL::Test::Cluster::get_free_port();
my $holder = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1) or die;
my @taken = cannot_listen("127.0.0.1:$port", 'Address already in use', metrics_listen_address => '127.0.0.1', metrics_port => $port);
is(dial($old_port), undef, 'nobody listens on the port before');
close $holder;
ok(poll(sub { status('/metrics') == 200 }, 60), 'it listens by itself when the port is free');
state_is($node, qr/^listening$/, 'and says so');
is(said($node, @taken), 1, 'one warning for all its tries');
$old_port = $port;
$port = PostgreSQL::Test::Cluster::get_free_port();
configure($node, metrics_port => $port);
ok(poll(sub { status('/metrics') == 200 }), 'a change of the port moves it');
is(dial($old_port), undef, 'away from the one before');

# Who may read.
my $users = File::Spec->rel2abs($node->data_dir . '/metrics.users');
my $elsewhere = File::Spec->rel2abs($node->data_dir . '/users.d');
sub write_users
{
    my ($mode, $text) = @_;
    unlink "$users.new";
    append_to_file("$users.new", $text);
    chmod $mode, "$users.new";
    rename "$users.new", $users;
    return;
}
my $of_crypt = crypt('right', '$6$saltsaltsaltsalt$');
sub refused
{
    my ($pattern, $from, $name) = @_;
    log_has($node, qr/WARNING:  elile_optimize exporter: metrics_auth_file "[^"]+" $pattern/, $from, "$name: the log says why");
    ok(poll(sub { status('/metrics', 'crypt:right') == 503 }), "$name: nobody may");
    is(join(' ', map { status($_) } qw(/ /healthz /readyz)), '503 200 200', "$name: but ask how it is");
    is(said($node, qr/WARNING:  elile_optimize exporter: metrics_auth_file/, $from), 1, "$name: one warning");
    return;
}
refused('cannot be read: No such file or directory', configure($node, metrics_auth_file => 'metrics.users'), 'missing');
$from = -s $node->logfile;
write_users(0600, '');
refused('holds no user', $from, 'empty');
mkdir $elsewhere;
refused('is no regular file', configure($node, metrics_auth_file => $elsewhere), 'a directory');
write_users(0644, "crypt:$of_crypt\n");
refused('can be read by others and is refused; its mode must be 0600', configure($node, metrics_auth_file => $users), 'mode 0644');
$from = -s $node->logfile;
write_users(0600, "no colon\n:no user\nno hash:\n\0\xff\n");
refused('has no user:hash in line 4', $from, 'garbage');
write_users(0600, "garbage\ncrypt:$of_crypt\n# comment:x\n\nplain:right\nstar:*\nodd:\$6\$\n");
ok(poll(sub { status('/metrics', 'crypt:right') == 200 }), 'a user beside garbage, made by crypt()');
is(status('/', 'crypt:right'), 200, 'the page too');
foreach my $wrong ('crypt:wrong', 'crypt:', 'nobody:right', ':', 'plain:right', 'plain:', 'star:*', 'star:', 'odd:', 'crypt:right ', 'Crypt:right', "crypt:right\0x")
{
    my $got = get('/metrics', $wrong);
    is($got->{status}, 401, "not: $wrong" =~ s/\0/\\0/r);
    like($got->{header}, qr/^WWW-Authenticate: Basic realm="/m, 'it asks for a password') if $wrong eq 'crypt:wrong';
    unlike($got->{body}, qr/elile_db/, 'and shows nothing') if $wrong eq 'crypt:wrong';
}
is(status('/metrics'), 401, 'nobody in particular');
is(status('/'), 401, 'nor on the page');
is(status('/healthz'), 200, 'who may ask how it is');
is(status('/readyz'), 200, 'and whether it is ready');
my $pid = exporter();
my $right = encode_base64('crypt:right', '');
foreach my $bad ('Basic', 'Basic ', 'Basic ====', 'Basic !!!!', 'Basic ' . encode_base64('no colon', ''),
    "Bearer $right", "Digest username=\"crypt\"", "Basic $right x", 'Basic ' . 'A' x 15000, "Basi", "\xff\xfe", "$right",
    'Basic ' . encode_base64('crypt:' . 'x' x 10000, ''), 'Basic ' . encode_base64("crypt:\xff\xfe", ''))
{
    is(exchange("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: $bad\r\n\r\n")->{status}, 401,
        'not: ' . substr($bad, 0, 40) =~ s/[^ -~]/?/gr);
}
isnt(exchange("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: $_\r\n\r\n")->{status}, 200, 'nor what no header may be')
    foreach 'Basic ' . 'A' x 100_000, "Basic\t\x01$right", "Basic\0$right";
is(exporter(), $pid, 'the exporter lives on');
write_users(0600, 'crypt:' . crypt('changed', '$6$anothersalt$') . "\n");
ok(poll(sub { status('/metrics', 'crypt:changed') == 200 }), 'a new password without a reload');
is(status('/metrics', 'crypt:right'), 401, 'the one before is none any more');
SKIP:
{
    my $made = '';
    skip 'htpasswd is not installed', 2
        unless eval { IPC::Run::run([ 'htpasswd', '-nbB', 'bcrypt', 'the: pässword' ], '>', \$made, '2>', \my $ignored) };
    write_users(0600, $made);
    ok(poll(sub { status('/metrics', 'bcrypt:the: pässword') == 200 }), 'made by htpasswd');
    is(status('/metrics', 'bcrypt:the: password'), 401, 'and another password');
}
write_users(0600, "crypt:$of_crypt\n");
ok(poll(sub { status('/metrics', 'crypt:right') == 200 }), 'one more change');
unlink $users;
ok(poll(sub { status('/metrics', 'crypt:right') == 503 }), 'a file that is taken away lets nobody in');

# Texts of statements: for those who may, without a literal.
$node->safe_psql('postgres', q{select pg_sleep(0.2), 'S3CRET' as marked_text; create role secretive password 'S3CRET'});
$node->safe_psql('postgres', q{select elile_optimize.record_db_query('select', 'last_of_all', 1)});
my ($page, $metrics) = ('', '');
sub page_shows
{
    my ($pattern, $user, $name, $shows) = @_;
    my $found = poll(sub {
            my $got = get('/', $user);
            $page .= $got->{body};
            $metrics .= get('/metrics', $user)->{body};
            $got->{status} == 200 && $got->{body} =~ /last_of_all/ && ($got->{body} =~ $pattern) == $shows });
    ok($found, $name);
    return;
}
configure($node, metrics_auth_file => '', metrics_show_queries => 'off');
page_shows(qr/Statement texts are shown only behind authentication/, undef, 'without a password it says why there are none', 1);
unlike($page, qr/marked_text/, 'and there are none');
configure($node, metrics_show_queries => 'on');
page_shows(qr/marked_text/, undef, 'there are with metrics_show_queries', 1);
configure($node, metrics_show_queries => 'off');
page_shows(qr/marked_text/, undef, 'and no longer', 0);
write_users(0600, "crypt:$of_crypt\n");
configure($node, metrics_auth_file => 'metrics.users');
page_shows(qr/marked_text/, 'crypt:right', 'there are behind a password', 1);
# One text serves all who ask within a moment, so the metrics may come a little later than the page.
ok(poll(sub { ($metrics .= get('/metrics', 'crypt:right')->{body}) =~ /last_of_all/ }), 'the metrics have it, too');
unlike($metrics, qr/marked_text/, 'and never a text');
unlike($page . $metrics, qr/S3CRET/, 'and nowhere a literal');
configure($node, metrics_auth_file => '');
ok(poll(sub { status('/metrics') == 200 }), 'open again');

# Requests that are none.
$pid = exporter();
my %bad = (
    'garbage' => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
    'no path' => "GET\r\n\r\n",
    'no version' => "GET /metrics\r\n\r\n",
    'another protocol' => "GET /metrics FTP/1.0\r\n\r\n",
    'a newline' => "\r\n\r\n\r\n\r\n",
    'a long path' => 'GET /' . 'x' x 100_000 . " HTTP/1.1\r\nHost: localhost\r\n\r\n",
    'a NUL in the path' => "GET /metrics\0/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    'only NULs' => "\0" x 5000,
    '10 MB of a header' => "GET /metrics HTTP/1.1\r\nX: " . 'x' x 10_000_000 . "\r\n\r\n",
    '10 MB of headers' => "GET /metrics HTTP/1.1\r\n" . "X-Header: value\r\n" x 600_000 . "\r\n",
    'a way out' => "GET /..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    'another host' => "GET http://192.0.2.1/metrics.txt HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
    'half a request' => "GET /metrics HTTP/1.1\r\nHost: local");
foreach my $name (sort keys %bad)
{
    my $got = exchange($bad{$name}, 60);
    ok($got->{closed}, "$name: the connection ends");
    isnt($got->{status}, 200, "$name: nothing is served");
}
foreach my $odd ("GET /metrics HTTP/1.1\r\n" . "X: y\r\n" x 1000 . "\r\n", "GET /metrics HTTP/1.1\r\nX: \0\0\r\n\r\n", "GET /metrics%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /metrics?a=b%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")
{
    ok(exchange($odd, 60)->{closed}, 'the connection ends: ' . substr($odd, 0, 20) =~ s/[^ -~]/?/gr);
}
is(exporter(), $pid, 'it is the same process');
is(status('/metrics'), 200, 'and serves');

# Clients that take their time, in a process of their own; its exit code tells how many the server has
# not closed.
my %kinds = (
    silent => [ '', '' ],
    drip => [ "GET / HTTP/1.1\r\nX: ", 'x' ],
    huge => [ "GET / HTTP/1.1\r\nX: " . 'x' x 1_000_000, 'x' x 1_000_000 ],
    body => [ "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n", 'x' ],
    'body of GET' => [ "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n", 'x' ],
    chunks => [ "POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n" ]);

sub abuse
{
    my ($ready, $seconds, @clients) = @_;
    my %open;
    foreach my $kind (@clients)
    {
        my $socket = dial() or next;
        $socket->blocking(0);
        syswrite($socket, $kinds{$kind}[0]);
        $open{ fileno $socket } = [ $socket, $kinds{$kind}[1] ];
    }
    syswrite($ready, 'x');
    my $all = IO::Select->new(map { $_->[0] } values %open);
    my ($end, $next) = (time + $seconds, time + 1);
    while (%open && time < $end)
    {
        foreach my $socket ($all->can_read(0.2))
        {
            my $bytes = sysread($socket, my $ignored, 65536);
            if (defined $bytes ? $bytes == 0 : $! != EAGAIN && $! != EINTR)
            {
                $all->remove($socket);
                delete $open{ fileno $socket };
            }
        }
        next if time < $next;
        $next = time + 1;
        syswrite($_->[0], $_->[1]) foreach values %open;
    }
    return scalar keys %open;
}

# Returns the process once all of its clients are connected.
sub start_abuse
{
    my ($seconds, @clients) = @_;
    pipe(my $told, my $tell) or die "pipe: $!";
    my $child = fork // die "fork: $!";
    POSIX::_exit(abuse($tell, $seconds, @clients)) if $child == 0;
    sysread($told, my $ignored, 1);
    return $child;
}
sub left_open { my ($child) = @_; waitpid($child, 0); return $? >> 8 }

my $child = start_abuse(60, map { (qw(silent drip huge))[ $_ % 3 ] } 1 .. 32);
is(status('/metrics', undef, 5), 200, 'a scrape beside 32 slow clients');
is(left_open($child), 0, 'all of them were closed');
foreach my $kind ('body', 'body of GET', 'chunks')
{
    my $slow = start_abuse(30, ($kind) x 100);
    is(status('/metrics', undef, 20), 200, "a scrape beside 100 clients: $kind");
    is(left_open($slow), 0, 'all of them were closed');
}
ok(poll(sub { status('/metrics') == 200 }), 'it serves');
is(exporter(), $pid, 'it is the same process');
sub resident_mb { slurp_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+) kB/m; note("VmRSS $1 kB"); return $1 / 1024 }
cmp_ok(resident_mb(), '<', 64, 'in less than 64 MB');

# As many tables as anybody has.
$node->safe_psql('postgres', q{do $$ begin
    for i in 1..10000 loop
        execute format('create table many_%s (id int)', i);
        if i % 1000 = 0 then commit; end if;
    end loop; end $$});
$node->safe_psql('postgres', join ";\n", map { "select from many_$_" } 1 .. 10000);
my $rows;
ok(poll(sub {
            $rows = () = get('/metrics')->{body} =~ /^elile_db_queries_total\{.*operation="select"/mg;
            $rows >= 200 }), 'series of 200 tables');
my $selects = q{select sum(calls) from elile_optimize.table_operations where operation = 'select' and table_name ~ '^many_'};
is($node->safe_psql('postgres', $selects), 10000, 'all are in the view');
my $text = '';
ok(poll(sub {
            $text = get('/metrics')->{body};
            my $sum = 0;
            $sum += $1 while $text =~ /^elile_db_queries_total\{[^}]*operation="select",table="(?:many_\d+|other)"\} (\S+)$/mg;
            $sum >= 10000 && $text =~ /^elile_optimize_tables_other (\d+)$/m && $1 >= 9800 }), 'none is lost in the metrics');
my $own = 0;
my $names = '';
while ($text =~ /^elile_db_queries_total\{database="postgres",operation="select",table="(many_\d+)"\} (\S+)$/mg)
{
    $own += $2;
    $names .= " $1";
}
my ($others) = $text =~ /^elile_db_queries_total\{database="postgres",operation="select",table="other"\} (\S+)$/m;
cmp_ok($own, '>', 100, 'some have series of their own');
is($others,
    $node->safe_psql('postgres', qq{select sum(calls + failed_calls) from elile_optimize.table_operations
        where operation = 'select' and table_name like 'many\\_%' and table_name <> all (string_to_array('$names', ' '))}),
    'other is the sum of the rest');
like($text, qr/^elile_optimize_tables_overflow_total 0$/m, 'none without a place');
cmp_ok(() = $text =~ /\n/g, '<', 30000, 'a scrape stays bounded');
SKIP:
{
    skip 'promtool is not installed', 1 unless IPC::Run::run([ 'sh', '-c', 'command -v promtool' ], '>', \my $out);
    my $said = '';
    IPC::Run::run([ 'promtool', 'check', 'metrics' ], '<', \$text, '>&', \$said);
    is("$? $said", '0 ', 'promtool accepts it without a word');
}
is(exporter(), $pid, 'it is the same process');
cmp_ok(resident_mb(), '<', 64, 'in less than 64 MB');
$node->stop;

# A server whose exporter is not there, in a copy of the installation.
my %dir = map { my $kind = $_; my $out; IPC::Run::run([ 'pg_config', "--$kind" ], '>', \$out); chomp $out; ($kind => $out) }
    qw(bindir pkglibdir sharedir);
my $copy = PostgreSQL::Test::Utils::tempdir();
my $has_copy = 1;
foreach my $kind (sort keys %dir)
{
    # The programs find the rest relative to themselves.
    $has_copy &&= IPC::Run::run([ 'mkdir', '-p', "$copy$dir{$kind}" ])
        && IPC::Run::run([ 'cp', '-r', "$dir{$kind}/.", "$copy$dir{$kind}/" ]);
}
SKIP:
{
    skip 'no copy of the installation', 25 unless $has_copy && $dir{bindir} =~ m{/bin$};
    my $program = "$copy$dir{pkglibdir}/elile_optimize_exporter";
    unlink $program;
    my $lame = PostgreSQL::Test::Cluster->new('lame', install_path => "$copy$dir{bindir}" =~ s{/bin$}{}r);
    $port = PostgreSQL::Test::Cluster::get_free_port();
    $lame->init;
    $lame->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
});
    $lame->start;
    $lame->safe_psql('postgres', 'create extension elile_optimize');
    state_is($lame, qr/^cannot start: could not find its program elile_optimize_exporter: No such file or directory$/,
        'no program: the state says why');
    my $warning = qr/WARNING:  could not start the exporter of elile_optimize: could not find its program elile_optimize_exporter/;
    is(said($lame, $warning, 0), 1, 'one warning');
    is($lame->safe_psql('postgres', 'select count(*) > 0 from elile_optimize.statements'), 't', 'sessions count');
    system_or_bail('cp', "$dir{pkglibdir}/elile_optimize_exporter", $program);
    ok(poll(sub { status('/metrics') == 200 }, 60), 'it starts by itself when the program is there');
    configure($lame, metrics_port => 0);
    state_is($lame, qr/^off$/, 'switched off');
    chmod 0644, $program;
    my $from = configure($lame, metrics_port => $port);
    state_is($lame, qr/^cannot start: .*: Permission denied$/, 'not executable: the state says why');
    is(said($lame, $warning, $from), 1, 'one warning');
    chmod 0755, $program;
    ok(poll(sub { status('/metrics') == 200 }, 60), 'it starts by itself when it may');
    configure($lame, metrics_port => 0);
    state_is($lame, qr/^off$/, 'switched off');
    my $whole = slurp_file("$dir{pkglibdir}/elile_optimize_exporter");
    my $foreign = $whole;
    substr($foreign, 18, 2) = "\xff\xfe";  # the architecture
    my %faults = (
        'no program but a text' => [ "this is no program\n", qr/could not execute its program elile_optimize_exporter: Exec format error/ ],
        'a program for another machine' => [ $foreign, qr/could not execute its program elile_optimize_exporter: Exec format error/ ],
        'a library that is not there' => [ $whole =~ s/libseccomp\.so/libnowhere.so/r,
            qr/elile_optimize_exporter: error while loading shared libraries: libnowhere\.so.*: No such file or directory/ ]);
    foreach my $fault (sort keys %faults)
    {
        my ($bytes, $pattern) = @{ $faults{$fault} };
        unlink $program;
        append_to_file($program, $bytes);
        chmod 0755, $program;
        my $since = configure($lame, metrics_port => $port);
        state_is($lame, qr/^cannot start: $pattern/, "$fault: the state says why");
        is(said($lame, qr/WARNING:  could not start the exporter of elile_optimize: $pattern/, $since), 1, 'one warning');
        is(said($lame, qr/exit code/, $since), 0, 'in words');
        is($lame->safe_psql('postgres', 'select 1'), 1, 'sessions go on');
        configure($lame, metrics_port => 0);
        state_is($lame, qr/^off$/, 'switched off');
    }
    configure($lame, metrics_port => $port);
    unlink $program;
    system_or_bail('cp', "$dir{pkglibdir}/elile_optimize_exporter", $program);
    $lame->reload;
    ok(poll(sub { status('/metrics') == 200 }, 90), 'it starts once it can');
    $lame->stop;
}
done_testing();

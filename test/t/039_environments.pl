# Places in which the system refuses what the segment or the exporter takes: the server and its sessions go
# on, and the log says what was refused, with the system's error and what to do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Patience;
use Processes;
use Test::More;

delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};
my @confined = ($^X, "$FindBin::RealBin/lib/confined.pl");
my $has_filter = system(@confined, '--', $^X, '-e', '1') == 0;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
my $from = 0;
my $is_up = 0;

sub status { my ($path) = @_; return HTTP::Tiny->new(timeout => 10)->get("http://127.0.0.1:$port$path")->{status} }
sub ask { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub new_log { return slurp_file($node->logfile, $from) }

# As $node->start does, below what confines it. Returns whether it is up.
sub start_below
{
    my @wrapper = @_;
    $from = -e $node->logfile ? -s $node->logfile : 0;
    $is_up = system_log(@wrapper, 'pg_ctl', '-w', '-D', $node->data_dir, '-l', $node->logfile, '-o',
        '--cluster-name=main', 'start') == 0;
    return $is_up;
}

sub stop_server
{
    system_log('pg_ctl', '-w', '-m', 'fast', '-D', $node->data_dir, 'stop') if $is_up;
    $is_up = 0;
}

END
{
    my $exit_code = $?;
    stop_server();
    $? = $exit_code;
}

sub is_said
{
    my ($pattern, $name) = @_;
    ok(poll(sub { new_log() =~ $pattern }), $name) or diag(new_log());
}

sub sessions_go_on
{
    my ($name) = @_;
    ask('create extension if not exists elile_optimize');
    ask('select elile_optimize.reset()');
    ask('select count(*) from pg_class') for 1 .. 3;
    is(ask(q{select calls from elile_optimize.statements where query like 'select count(*) from pg_class%'}), 3, "$name: statements are counted");
}

# The exporter cannot start, for this reason, with this hint; nothing else is the worse for it.
sub does_without_exporter
{
    my ($name, $why, $hint) = @_;
    is_said(qr/WARNING:  could not start the exporter of elile_optimize: $why\n.*DETAIL: .*elile_optimize_exporter.*\n.*HINT:  $hint/,
        "$name: one warning says why, and what to do");
    sessions_go_on($name);
    ok(poll(sub { ask('select exporter_state from elile_optimize.info') =~ /^cannot start: $why$/ }), "$name: and so does info")
        or diag(ask('select exporter_state from elile_optimize.info'));
    unlike(new_log(), qr/exit code|FATAL|terminating/, "$name: in words, and nobody ends");
    is(scalar(() = new_log() =~ /WARNING:  could not start/g), 1, "$name: once");
}

sub serves { my ($name) = @_; ok(poll(sub { status('/readyz') == 200 }), "$name: it serves") or diag(new_log()) }

$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.metrics_auth_file = ''
});

SKIP:
{
    skip 'no filter on this machine', 1 if !$has_filter;

    foreach my $error ([ EPERM => 'Operation not permitted' ], [ ENOSYS => 'Function not implemented' ])
    {
        my ($name, $words) = @$error;
        ok(start_below(@confined, "memfd_create=$name", '--'), "memfd_create, $name: the server starts");
        does_without_exporter("memfd_create, $name", qr/could not create the memory file of the statistics: $words/,
            qr/.*seccomp profile.*memfd_create.*restart the server/);
        stop_server();
    }
    ok(start_below(@confined, 'memfd_create=EACCES,1&0x8==0', '--'), 'vm.memfd_noexec: the server starts');
    serves('vm.memfd_noexec');
    stop_server();

    # The server's own files of shared memory are smaller than 16 MB.
    my $large = sub { my ($error) = @_; return map { "fallocate=$error,3&$_==$_" } qw(0x1000000 0x2000000) };
    ok(start_below(@confined, $large->('ENOSYS'), '--'), 'fallocate, ENOSYS: the server starts');
    does_without_exporter('fallocate, ENOSYS', qr/could not allocate the memory file of the statistics: Function not implemented/,
        qr/.*allow memfd_create and fallocate, and restart the server/);
    stop_server();
    foreach my $error ([ ENOMEM => 'Cannot allocate memory' ], [ ENOSPC => 'No space left on device' ])
    {
        my ($name, $words) = @$error;
        ok(!start_below(@confined, $large->($name), '--'), "fallocate, $name: the server does not start");
        is_said(qr/FATAL:  could not allocate the statistics segment of elile_optimize: $words\n.*DETAIL:  It needs \d+ kB.*\n.*HINT:  Lower elile_optimize\.max_statements/,
            "fallocate, $name: the log says why");
    }

    ok(start_below(@confined, 'seccomp=EPERM', 'prctl=EINVAL,0&0xff==0x16', '--'), 'seccomp, EINVAL: the server starts');
    serves('seccomp, EINVAL');
    is_said(qr/WARNING:  elile_optimize exporter: could not limit its system calls by seccomp, and runs without that limit: Invalid argument\n.*HINT:  .*allow/,
        'seccomp, EINVAL: the log says so');
    stop_server();
    ok(start_below(@confined, 'prctl=EPERM,0&0xff==0x26', '--'), 'no_new_privs, EPERM: the server starts');
    serves('no_new_privs, EPERM');
    is_said(qr/could not limit its system calls by seccomp, and runs without that limit: Operation not permitted\n/,
        'no_new_privs, EPERM: the log says so');
    stop_server();

    ok(start_below(@confined, 'close_range=EPERM', '--'), 'close_range, EPERM: the server starts');
    serves('close_range, EPERM');
    stop_server();

    ok(start_below(@confined, 'clone=EAGAIN,0&0x10000==0x10000', '--'), 'threads, EAGAIN: the server starts');
    does_without_exporter('threads, EAGAIN', qr/could not start a thread: Resource temporarily unavailable/, qr/.*ulimit -u/);
    stop_server();

    ok(start_below(@confined, 'socketpair=EPERM', '--'), 'socketpair, EPERM: the server starts');
    does_without_exporter('socketpair, EPERM', qr/could not create a socket: Operation not permitted/, qr/.*seccomp profile/);
    stop_server();

    # F_DUPFD_CLOEXEC is 1030.
    ok(start_below(@confined, 'fcntl=EMFILE,1&0xffff==0x406', '--'), 'descriptors, EMFILE: the server starts');
    does_without_exporter('descriptors, EMFILE', qr/could not arrange its descriptors: Too many open files/, qr/.*ulimit -n/);
    stop_server();
}

# The segment is larger than this.
my $size = 20_000_000;
ok(start_below('prlimit', "--fsize=$size:"), 'ulimit -S -f: the server starts');
serves('ulimit -S -f');
like(slurp_file('/proc/' . postmaster_of($node) . '/limits'), qr/^Max file size +$size /m, 'and its limit is what it was');
stop_server();
ok(start_below('prlimit', "--fsize=$size:$size"), 'ulimit -f: the server starts');
does_without_exporter('ulimit -f', qr/could not allocate the memory file of the statistics: File too large/, qr/.*ulimit -f.*restart the server/);
stop_server();

ok(start_below('prlimit', '--nofile=80'), 'ulimit -n: the server starts');
serves('ulimit -n');

# The keeper alone may start no process more: what holds for the user would hold for other tests' servers.
SKIP:
{
    skip 'root may have any number of processes', 4 if $> == 0;
    my ($exporter) = exporters_of($node);
    my $pid = keeper_of($node);
    my ($most) = slurp_file("/proc/$pid/limits") =~ /^Max processes +\w+ +(\w+)/m;
    $from = -s $node->logfile;
    system_or_bail('prlimit', '--pid', $pid, '--nproc=1:');
    kill 'KILL', $exporter;
    is_said(qr/WARNING:  could not start the exporter of elile_optimize: could not fork a process: Resource temporarily unavailable\n.*DETAIL: .*\n.*HINT:  .*ulimit -u/,
        'ulimit -u: the log says why');
    sessions_go_on('ulimit -u');
    is(keeper_of($node), $pid, 'ulimit -u: the keeper goes on');
    system_or_bail('prlimit', '--pid', $pid, "--nproc=$most:");
    serves('ulimit -u, lifted');
}
stop_server();
done_testing();

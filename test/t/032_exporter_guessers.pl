# Guessers of passwords on the metrics port: who knows a password, and who asks how the server is, are
# answered all the same, and guessing is bounded, counted and tells nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use IO::Select;
use IO::Socket::INET;
use MIME::Base64;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Patience;
use Processes;
use Test::More;
use Time::HiRes qw(time usleep);

$SIG{PIPE} = 'IGNORE';
my $patience = $PostgreSQL::Test::Utils::timeout_default || 180;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
my $users = $node->data_dir . '/metrics.users';
my @guessers;

END
{
    my $exit_code = $?;
    kill 'KILL', $_->{pid} for @guessers;
    $? = $exit_code;
}

# Each check of a password takes about 0.3 s of a processor.
my $salt = '$2b$12$abcdefghijklmnopqrstuu';
my %hash = map { $_ => crypt("password of $_", $salt) } qw(prometheus grafana late);
plan skip_all => 'crypt(3) has no bcrypt here' if ($hash{late} // '') !~ /^\$2b\$12\$.{53}$/;

sub write_users
{
    my (@names) = @_;
    open(my $file, '>', "$users.new") or die "$users.new: $!";
    chmod 0600, "$users.new";
    print $file "$_:$hash{$_}\n" foreach @names;
    close $file;
    rename "$users.new", $users or die "rename: $!";
    return;
}

sub request
{
    my ($path, $user, $password) = @_;
    my $credentials = defined $user ? 'Authorization: Basic ' . encode_base64("$user:$password", '') . "\r\n" : '';
    return "GET $path HTTP/1.1\r\nHost: localhost\r\n$credentials\r\n";
}

# Status 0 where there is no answer in time.
sub ask
{
    my ($path, $user, $password) = @_;
    my $began = time;
    my $got = '';
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 10);
    if ($socket)
    {
        syswrite($socket, request($path, $user, $password));
        my $readable = IO::Select->new($socket);
        1 while $readable->can_read($began + $patience - time) && sysread($socket, $got, 1 << 20, length $got);
    }
    my ($head, $body) = split /\r\n\r\n/, $got, 2;
    my ($status) = ($head // '') =~ m{^HTTP/1\.1 (\d+) };
    return { status => $status // 0, head => $head // '', body => $body // '', seconds => time - $began };
}
sub ask_as { my ($user) = @_; return ask('/metrics', $user, "password of $user") }

# Guesses over 16 connections at once until it is told to end, for two minutes at most. Returns how
# often each status came.
sub guess
{
    my ($stop, $next) = @_;
    my (%count, %asked);
    my $all = IO::Select->new($stop);
    my $end = time + 120;
    my $number = 0;
    while (time < $end)
    {
        while (keys %asked < 16)
        {
            my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 10) or last;
            syswrite($socket, request('/metrics', $next->(++$number)));
            $asked{ fileno $socket } = '';
            $all->add($socket);
        }
        foreach my $socket ($all->can_read(1))
        {
            return %count if $socket == $stop;
            my $at = fileno $socket;
            next if sysread($socket, $asked{$at}, 65536, length $asked{$at});
            $count{$1}++ if $asked{$at} =~ m{^HTTP/1\.1 (\d+) };
            $count{"$1 come again"}++ if $asked{$at} =~ m{^HTTP/1\.1 (\d+) .*^Retry-After: \d+\r$}ms;
            $all->remove($socket);
            delete $asked{$at};
            close $socket;
        }
    }
    return %count;
}

sub start_guesser
{
    my ($next) = @_;
    pipe(my $stop, my $tell) or die "pipe: $!";
    pipe(my $result, my $report) or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0)
    {
        # Its end comes when nobody holds the other side any more.
        close $_ foreach $tell, map { $_->{tell} } @guessers;
        my %count = guess($stop, $next);
        syswrite($report, join '', map { "$_=$count{$_}\n" } keys %count);
        POSIX::_exit(0);
    }
    close $report;
    push @guessers, { pid => $pid, tell => $tell, result => $result };
    return;
}

sub end_guessers
{
    my %count;
    foreach my $guesser (@guessers)
    {
        close $guesser->{tell};
        my $report = do { local $/; readline $guesser->{result} } // '';
        waitpid $guesser->{pid}, 0;
        $count{$1} += $2 while $report =~ /^(.+)=(\d+)$/mg;
    }
    @guessers = ();
    return %count;
}

sub longest { my ($longest, @seconds) = sort { $b <=> $a } map { $_->{seconds} } @_; return $longest }
sub own_figure { my ($answer, $name) = @_; return $answer->{body} =~ /^elile_optimize_$name (\S+)$/m ? $1 : undef }

$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.metrics_auth_file = 'metrics.users'
});
write_users(qw(prometheus grafana late));
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
ok(poll(sub { ask_as('prometheus')->{status} == 200 }), 'one user is let in');
ok(poll(sub { ask_as('grafana')->{status} == 200 }), 'and another one');
my @turns = map { ask_as($_) } (qw(prometheus grafana)) x 10;
is(scalar(grep { $_->{status} == 200 } @turns), 20, 'by turns');
my $both = 0;
$both += $_->{seconds} foreach @turns;
note sprintf('20 requests by turns: %.3f s', $both);

my $prometheus = ask_as('prometheus');
my $before = own_figure($prometheus, 'logins_denied_total') // 0;
my ($exporter) = exporters_of($node);
sub processor_seconds
{
    my @fields = split / /, (read_file("/proc/$exporter/stat") =~ /.*\)\s+(.*)/s)[0];
    return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# A known name with other passwords, a known name with one wrong password, names that nobody has.
start_guesser(sub { ('prometheus', "guess $_[0]") });
start_guesser(sub { ('late', "guess $_[0] of late") });
start_guesser(sub { ('grafana', 'always the same') });
start_guesser(sub { ("nobody $_[0]", 'guess') });
# The storm is there once a stranger's guess does not get a place any more, or takes long.
ok(poll(sub { my $got = ask('/metrics', 'stranger', time); $got->{status} == 429 || $got->{seconds} > 1 }), 'the storm is there');

my ($began, $spent) = (time, processor_seconds());
my (@healthy, @known, @page);
while (time < $began + 5 || @known < 5)
{
    push @healthy, ask('/healthz'), ask('/readyz');
    push @known, ask_as('prometheus'), ask_as('grafana');
    push @page, ask('/', 'grafana', 'password of grafana');
    usleep(200_000);  # the storm is watched for five seconds
}
$spent = (processor_seconds() - $spent) / (time - $began);
is(scalar(grep { $_->{status} != 200 } @healthy), 0, 'health is told in a storm');
is(scalar(grep { $_->{status} != 200 } @known, @page), 0, 'users that were let in before are let in');
my %longest = (health => longest(@healthy), known => longest(@known), page => longest(@page));
# Without a bound it was 8 s and 30 s; well below a second is what a quiet machine shows.
cmp_ok($longest{health}, '<', 4, 'soon');
cmp_ok($longest{known}, '<', 4, 'as soon as that');

$began = time;
my ($first, @before_first);
poll(sub {
        $first = ask_as('late');
        push @before_first, $first;
        return $first->{status} == 200 }, undef, 1);  # as Retry-After has it
my $late = time - $began;
is($first->{status}, 200, 'a user who was not let in before is let in');
is(scalar(grep { $_->{status} != 429 && $_->{status} != 200 } @before_first), 0, 'and never told that the password is wrong');
cmp_ok(longest(@before_first), '<', 6, 'no answer takes long');
my $again = ask_as('late');
is($again->{status}, 200, 'from then on at once');
my %count = end_guessers();
note join ', ', map { "$count{$_} times $_" } sort keys %count;
note sprintf('longest: %s; first log-in after %.2f s and %d requests; %.2f processors in all',
    join(', ', map { sprintf '%s %.3f s', $_, $longest{$_} } sort keys %longest), $late, scalar @before_first, $spent);
is($count{200} // 0, 0, 'no guesser is let in');
cmp_ok($count{429} // 0, '>', 0, 'guessers are told that there are too many');
is($count{'429 come again'} // 0, $count{429} // 0, 'and when to come again');
cmp_ok($count{401} // 0, '>', 0, 'and that they are wrong');

# What was refused is counted, in the metrics and in the view.
my $figures;
ok(poll(sub {
            $figures = ask_as('prometheus');
            (own_figure($figures, 'logins_denied_total') // 0) >= $before + ($count{401} // 0)
                && (own_figure($figures, 'logins_refused_total') // 0) >= ($count{429} // 0) }), 'the metrics count both');
# What was under way when the guessers ended is counted a moment later.
ok(poll(sub {
            $figures = ask_as('prometheus');
            $node->safe_psql('postgres', 'select logins_denied, logins_refused from elile_optimize.info') eq
                join('|', map { own_figure($figures, "logins_${_}_total") // '' } qw(denied refused)) }), 'as does the view');
my $refused = own_figure($figures, 'logins_refused_total') // 0;
kill 'KILL', $exporter;
ok(poll(sub { my $got = ask_as('prometheus'); $got->{status} == 200 && (own_figure($got, 'logins_refused_total') // 0) >= $refused }),
    'an exporter that is started again goes on counting');

# A file that changes lets nobody in by what it had.
write_users(qw(grafana));
ok(poll(sub { ask_as('prometheus')->{status} == 401 }), 'a user who was taken away is not let in');
ok(poll(sub { ask_as('grafana')->{status} == 200 }), 'one who is still there is');
$node->stop;
done_testing();

# The exporter on a kernel that has no close_range().
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Patience;
use Processes;
use Test::More;

delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};

# From now on the kernel says of close_range() that it has none, to this process and all that it starts.
sub take_close_range_away
{
    my ($machine) = (POSIX::uname())[4];
    my $prctl = { x86_64 => 157, aarch64 => 167 }->{$machine} // return 0;
    my ($close_range, $enosys) = (436, 38);
    my ($no_new_privs, $set_seccomp, $filter_mode) = (38, 22, 2);
    my ($load, $if_equal, $return, $refuse, $allow) = (0x20, 0x15, 0x06, 0x00050000, 0x7fff0000);
    my $program = join '', map { pack 'SCCL', @$_ } [ $load, 0, 0, 0 ], [ $if_equal, 0, 1, $close_range ],
        [ $return, 0, 0, $refuse | $enosys ], [ $return, 0, 0, $allow ];
    my $filter = pack 'S x![P] P', 4, $program;
    return syscall($prctl, $no_new_privs, 1, 0, 0, 0) == 0 && syscall($prctl, $set_seccomp, $filter_mode, $filter) == 0
        && syscall($close_range, 1000, 1000, 0) == -1 && $! == $enosys;
}

# What processes inherit: descriptors far above those that the exporter is promised.
$^F = 1000;
my $folder = PostgreSQL::Test::Utils::tempdir();
my @inherited = map { open(my $file, '>', "$folder/inherited $_") or die "open: $!"; $file } 1 .. 300;
sub inherited_by { my ($pid) = @_; return scalar grep { (readlink($_) // '') =~ /inherited \d/ } glob "/proc/$pid/fd/*" }

my $has_filter = take_close_range_away();
my $port = PostgreSQL::Test::Cluster::get_free_port();
sub status { my ($path) = @_; return HTTP::Tiny->new(timeout => 10)->get("http://127.0.0.1:$port$path")->{status} }
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
});
$node->start;
is(inherited_by(postmaster_of($node)), 300, 'the server has what it inherited');
SKIP:
{
    skip 'no filter on this machine', 3 if !$has_filter;
    my $serves = poll(sub { status('/readyz') == 200 });
    ok($serves, 'without close_range() it serves')
        or diag(join '', grep { /exporter/ } split /^/m, slurp_file($node->logfile));
    my ($exporter) = exporters_of($node);
    is(defined $exporter ? inherited_by($exporter) : 'none', 0, 'and has nothing of what the server inherited');
    is(scalar(() = slurp_file($node->logfile) =~ /the exporter of elile_optimize ended/g), 0, 'from its first start on');
}
$node->stop;
done_testing();

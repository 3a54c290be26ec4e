# Whatever the saved files are, the server starts, says in one line what it made of them, and shows no wrong figure.
use strict;
use warnings;
use Fcntl 'SEEK_SET';
use FindBin;
use lib "$FindBin::RealBin/lib";
use File::Copy 'copy';
use Patience;
use POSIX 'mkfifo';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'EOF');
shared_preload_libraries = 'elile_optimize'
elile_optimize.save_interval = 1s
log_statement = none
autovacuum = off
EOF
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create table item (id int)');
$node->safe_psql('postgres', 'insert into item values (1);' x 40);
$node->safe_psql('postgres', join ';', map { 'select from item where ' . join ' or ', ('id = 0') x $_ } 1 .. 60);

my $folder = $node->data_dir . '/pg_stat_tmp';
my ($base, $log) = ("$folder/elile_optimize.base", "$folder/elile_optimize.log");
my $kept = $node->basedir . '/kept';
mkdir $kept;
my $calls = q{select coalesce(sum(calls), 0) from elile_optimize.table_operations where table_name = 'item'};
my $all = $node->safe_psql('postgres', $calls);

sub from { return $node->safe_psql('postgres', 'select restored_from from elile_optimize.info'); }
sub is_saved
{
    my $now = $node->safe_psql('postgres', 'select clock_timestamp()');
    return Patience::poll(sub { $node->safe_psql('postgres', "select last_saved_at > '$now' from elile_optimize.info") eq 't' });
}

# A base of a crash with a log behind it.
$node->stop;
$node->start;
$node->safe_psql('postgres', 'insert into item values (1);' x 10);
ok(is_saved(), 'a log is written');
$node->safe_psql('postgres', 'insert into item values (1);' x 10);
ok(is_saved(), 'and added to');
$node->stop('immediate');
copy($base, "$kept/base") or die;
copy($log, "$kept/log") or die;
cmp_ok(-s $log, '>', 200, 'there is a log');
for my $file ($base, $log) { is((stat $file)[2] & 07777, 0600, "only its owner may read $file"); }
$all += 20;

sub flip
{
    my ($file, $at) = @_;
    open(my $handle, '+<:raw', $file) or die;
    seek($handle, $at, SEEK_SET);
    read($handle, my $byte, 1);
    seek($handle, $at, SEEK_SET);
    print $handle chr(ord($byte) ^ 16);
    return close $handle;
}
sub cut { my ($file, $length) = @_; truncate($file, $length) or die; return; }

my $length = -s "$kept/base";
my $log_length = -s "$kept/log";
my @cases = (
    [ 'what was saved', sub { }, 'crash', qr/restored its statistics$/, $all, $all ],
    [ 'no log', sub { unlink $log }, 'crash', qr/restored its statistics$/, $all - 20, $all - 20 ],
    [ 'an empty base', sub { cut($base, 0) }, 'none: the saved file is empty' ],
    [ 'the beginning of a header', sub { cut($base, 30) }, 'none: the saved file is damaged' ],
    [ 'a damaged header', sub { flip($base, 40) }, 'none: the saved file is damaged' ],
    [ 'text', sub { open(my $file, '>', $base); print $file "hello\n" x 100; close $file }, 'none: the saved file is damaged' ],
    [ 'a damaged frame', sub { flip($base, $length / 2) }, 'crash', qr/restored its statistics, of which a part was damaged$/, 0, $all ],
    [ 'a base cut in the middle', sub { cut($base, $length / 2) }, 'crash', qr/of which a part was damaged$/, 0, $all ],
    [ 'a log cut in its last save', sub { cut($log, $log_length - 3) }, 'crash', qr/of which a part was damaged$/, $all - 20, $all ],
    [ 'a damaged log', sub { flip($log, 300) }, 'crash', qr/of which a part was damaged$/, $all - 20, $all ],
    [ 'a damaged header of the log', sub { flip($log, 20) }, 'crash', qr/of which a part was damaged$/, $all - 20, $all - 20 ],
    [ 'a folder in its place', sub { unlink $base; mkdir $base }, 'none: the saved file could not be read' ],
    [ 'a link', sub { unlink $base; symlink "$kept/base", $base }, 'none: the saved file could not be read' ],
    [ 'a pipe', sub { unlink $base; mkfifo($base, 0600) }, 'none: the saved file could not be read' ],
    [ 'a file that may not be read', sub { chmod 0, $base }, 'none: the saved file could not be read' ]);
for my $case (@cases)
{
    my ($name, $damage, $wanted, $line, $least, $most) = @$case;
    $line //= qr/begins its statistics anew: \Q@{[ $wanted =~ s{^none: }{}r ]}\E$/;
    rmdir $base if -d $base && !-l $base;
    unlink $base, $log;
    copy("$kept/base", $base) && copy("$kept/log", $log) or die;
    $damage->();
    my $begin = -s $node->logfile;
    $node->start;
    ok(Patience::poll(sub { from() ne 'not yet' }), "$name: the server starts");
    is(from(), $wanted, "$name: $wanted");
    my $text = substr slurp_file($node->logfile), $begin;
    my @lines = $text =~ /LOG:  (elile_optimize (?:restored|begins).*)$/mg;
    is(scalar @lines, 1, "$name: one line says so");
    like($lines[0] // '', $line, "$name: it says what");
    my $came = $node->safe_psql('postgres', $calls);
    cmp_ok($came, '>=', $least // 0, "$name: what is sound came back");
    cmp_ok($came, '<=', $most // 0, "$name: and nothing else");
    $node->stop('immediate');
}

# A save that can't be written is told once, counted, tried again, and told once more when it is over.
rmdir $base if -d $base && !-l $base;
unlink $base, $log;
$node->start;
ok(is_saved(), 'saved');
my $begin = -s $node->logfile;
mkdir "$base.new";
unlink $base;
rmdir $log;
unlink $log;
mkdir $log;
$node->safe_psql('postgres', 'insert into item values (1)');
ok($node->poll_query_until('postgres', 'select save_failures >= 3 from elile_optimize.info'), 'failures are counted, and it tries again');
rmdir $log;
rmdir "$base.new";
$node->safe_psql('postgres', 'insert into item values (1)');
ok(is_saved(), 'and it saves again');
my $text = substr slurp_file($node->logfile), $begin;
is(scalar(() = $text =~ /WARNING:  elile_optimize could not save its statistics: could not .* file "pg_stat_tmp/g), 1, 'one warning');
is(scalar(() = $text =~ /LOG:  elile_optimize saves its statistics again/g), 1, 'and one line when it is over');
$node->stop;
done_testing();

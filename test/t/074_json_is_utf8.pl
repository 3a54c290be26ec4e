# The JSON of the server log is UTF-8, whichever encoding the database has, also of what failed and of a session that
# FATAL ended, whose line another process writes.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib "$FindBin::RealBin/lib";
use Encode qw(encode);
use JSON::PP qw(decode_json);
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Words that each encoding has, and its name in Perl.
my %words = (
    UTF8 => [ 'utf-8', "caf\x{e9} \x{20ac} \x{1d11e}" ],
    LATIN1 => [ 'iso-8859-1', "caf\x{e9} \x{fc}" ],
    LATIN9 => [ 'iso-8859-15', "caf\x{e9} \x{20ac}" ],
    WIN1251 => [ 'cp1251', "\x{43a}\x{43e}\x{444}\x{435}" ],
    KOI8R => [ 'koi8-r', "\x{43a}\x{43e}\x{444}\x{435}" ],
    WIN1252 => [ 'cp1252', "caf\x{e9} \x{20ac}" ],
    EUC_JP => [ 'euc-jp', "\x{73c8}\x{7432}" ]);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = 0
elile_optimize.log_rate_limit = -1
elile_optimize.log_format = json
elile_optimize.log_parameters = on
elile_optimize.log_query_plan = on
log_statement = none
log_min_error_statement = panic
});
$node->start;
$node->safe_psql('postgres', "create database \L$_\E encoding '$_' locale 'C' template template0") for keys %words, 'SQL_ASCII';

# Sends bytes as they are, and returns the objects that came into the log.
sub objects_of
{
    my ($database, $file, $count) = @_;
    my $from = -s $node->logfile;
    my $path = "${PostgreSQL::Test::Utils::tmp_check}/$database.sql";
    open my $out, '>:raw', $path or die $!;
    print $out $file;
    close $out;
    local $ENV{PGCLIENTENCODING} = uc $database;
    system_log('psql', '-X', '-q', '-d', $node->connstr($database), '-f', $path);
    my @lines;
    poll(sub { @lines = grep { /LOG:  \{.*seen.*"operation":"select"/ } split /\n/, slurp_file($node->logfile, $from); return @lines >= $count });
    return map { /LOG:  (\{.*\})$/ ? decode_json($1) : () } @lines;
}

foreach my $encoding (sort keys %words)
{
    my ($name, $word) = @{ $words{$encoding} };
    my $sql = encode($name, qq{
        prepare p(text) as select \$1 as "seen $word";
        execute p('$word');
        select 1 / (g - 2) as "seen $word failed" from generate_series(1, 3) g;
        select pg_terminate_backend(pg_backend_pid()) as "seen $word ended";
    });
    my @objects = objects_of(lc $encoding, $sql, 3);
    is(scalar @objects, 3, "$encoding: three lines are JSON in UTF-8");
    my ($one, $failed, $ended) = map { my $what = $_; grep { $_->{statement} =~ /$what"/ } @objects } ($word, "$word failed", "$word ended");
    like($one->{statement} // '', qr/select \$1 as "seen \Q$word\E"$/, "$encoding: a statement");
    like($one->{parameters} // '', qr/\Q$word\E/, "$encoding: its parameter");
    is($failed->{sqlstate}, '22012', "$encoding: one that failed");
    is($ended->{sqlstate}, '57P01', "$encoding: one that was ended");
}

# A loop's line has two texts, also where its session was ended, whose line another process writes.
foreach my $encoding (sort keys %words)
{
    my ($name, $word) = @{ $words{$encoding} };
    foreach my $end ('left', 'ended')
    {
        my $from = -s $node->logfile;
        my $children = join '', map { qq{select 1 as "child $end $word" from item_$end where parent = $_;\n} } 1 .. 12;
        my $last = $end eq 'ended' ? 'select pg_terminate_backend(pg_backend_pid());' : '';
        objects_of(lc $encoding, encode($name, qq{
            set elile_optimize.slow_query_threshold = -1;
            create table item_$end as select g as id, g as parent from generate_series(1, 12) g;
            select id as "parent $end $word" from item_$end order by id;
            $children $last}), 0);
        my $line;
        poll(sub { return ($line) = slurp_file($node->logfile, $from) =~ /LOG:  (\{"n_plus_one".*\})$/m });
        my $loop = decode_json($line // '{}');
        is(join('|', map { $_ // '' } @$loop{qw(runs parent child)}),
            qq{12|select id as "parent $end $word" from item_$end order by id|select \$1 as "child $end $word" from item_$end where parent = \$2},
            "$encoding: a loop whose session has $end");
    }
}

# Five bytes of WIN1252 mean nothing.
my ($nothing) = objects_of('win1252', qq{select 'x' as "seen \x81 \x8d \x80 \x90"}, 1);
is($nothing->{statement}, qq{select \$1 as "seen ? ? \x{20ac} ?"}, 'WIN1252: bytes without a meaning are ?');

my @bytes = objects_of('sql_ascii', qq{select 'x' as "seen \xe9\xff"; select 'x', 1 as "seen caf\xc3\xa9"; select 'x', 1, 2 as "seen"}, 3);
is(join('|', map { $_->{statement} } @bytes), qq{select \$1 as "seen ??"|select \$1, \$2 as "seen caf\x{e9}"|select \$1, \$2, \$3 as "seen"},
    'SQL_ASCII: what is UTF-8 stays, other bytes are ?');

# Where no room is left for texts, names of a session that was ended are still read as its database has them.
$node->append_conf('postgresql.conf', 'elile_optimize.query_text_memory = 64kB');
$node->restart;
$node->safe_psql('postgres', "create extension if not exists elile_optimize");
$node->safe_psql('latin1', encode('iso-8859-1', "set client_encoding = latin1; create role \"zo\x{e9}\" superuser login"));
$node->safe_psql('latin1', join "\n", map { 'select ' . join(', ', (1) x $_) . ';' } reverse 1 .. 400);
isnt($node->safe_psql('postgres', 'select texts_dropped from elile_optimize.info'), '0', 'texts have no room');
my $from = -s $node->logfile;
{
    local $ENV{PGUSER} = encode('iso-8859-1', "zo\x{e9}");
    local $ENV{PGOPTIONS} = '-c elile_optimize.log_query_plan=off -c elile_optimize.log_parameters=off';
    $node->psql('latin1', q{select pg_terminate_backend(pg_backend_pid()) as "without room"});
}
my $left;
poll(sub { ($left) = grep { /LOG:  \{.*57P01/ } split /\n/, slurp_file($node->logfile, $from); return $left });
my $line = decode_json($left =~ /LOG:  (.*)/ ? $1 : '{}');
is("$line->{statement} $line->{user}", "(text not kept) zo\x{e9}", 'names beside a text that is gone');

done_testing();

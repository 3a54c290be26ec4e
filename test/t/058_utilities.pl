# A utility has one row, whatever its constants are, with and without pg_stat_statements on either side.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Protocol;
use Test::More;

my $loop = join "\n", map {
    "set app.user_id = 'u$_'; set app.tenant to t$_; begin; savepoint s$_; release s$_; commit; do \$\$ begin perform $_; end \$\$;"
        . "begin; declare c cursor for select * from item; fetch $_ from c; move $_ in c; close c; commit;"
        . "prepare p as select 'v$_'; deallocate p; notify one, 'n$_'; create role r$_ password 'S3CRET$_'; drop role r$_;"
} 1 .. 20;

for my $libraries ('elile_optimize', 'elile_optimize, pg_stat_statements', 'pg_stat_statements, elile_optimize')
{
    my $node = PostgreSQL::Test::Cluster->new($libraries =~ s/\W+/_/gr);
    $node->init;
    $node->append_conf('postgresql.conf', "shared_preload_libraries = '$libraries'");
    $node->start;
    $node->safe_psql('postgres', 'create extension elile_optimize; create table item as select generate_series(1, 1000) id');
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    $node->safe_psql('postgres', $loop);

    my $rows = "select string_agg(format('%s %s', calls, query), E'\\n' order by query collate \"C\") from elile_optimize.statements";
    is($node->safe_psql('postgres', "$rows where query ~ '^(set app|savepoint|release|do|fetch|move|prepare|deallocate|notify)'"),
        join("\n",
            '20 deallocate $1',
            '20 do $1',
            '20 fetch $1 from c',
            '20 move $1 in c',
            '20 notify one, $1',
            '20 prepare p as select $1',
            '20 release $1',
            '20 savepoint $1',
            '20 set app.tenant to $1',
            '20 set app.user_id = $1'),
        "$libraries: one row for each");
    is($node->safe_psql('postgres', "$rows where query ~ 'S3CRET'"), '', "$libraries: no secret");
    is($node->safe_psql('postgres', "select operation, sum(rows) from elile_optimize.table_operations where table_name = 'item' group by 1"),
        'select|210', "$libraries: a cursor's reads belong to its table, and MOVE returns nothing");

    $node->safe_psql('postgres', "select elile_optimize.reset(); do \$\$ begin for i in 1 .. 5 loop set local app.in_loop = 'x'; end loop; end \$\$");
    $node->safe_psql('postgres',
        "set elile_optimize.track = 'all'; do \$\$ begin for i in 1 .. 5 loop set local app.in_loop = 'x'; end loop; end \$\$");
    is($node->safe_psql('postgres', "select calls from elile_optimize.statements where query ~ '^set local' and not toplevel"),
        '5', "$libraries: a plan that is kept counts each time");
    $node->stop;
}

# A message is parsed as a whole under the setting at its start.
my $node = PostgreSQL::Test::Cluster->new('readings');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
log_statement = none
log_min_error_statement = panic
});
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
SKIP:
{
    skip 'strings always conform from 19 on', 8 if $node->pg_version >= 19;
    my $one_message = sub {
        my ($setting, $message) = @_;
        local $ENV{PGOPTIONS} = "-c standard_conforming_strings=$setting";
        $node->command_ok([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', $message ], $message);
    };
    $one_message->('on', q{set standard_conforming_strings = off; select 'x\\', 'S3CRET', 2});
    $one_message->('off', q{set standard_conforming_strings = on; select 'it\\'s S3CRET', 3});
    is($node->safe_psql('postgres', q{select string_agg(query, '|' order by query collate "C") from elile_optimize.statements where query ~ '^select \$1'}),
        'select $1, $2|select $1, $2, $3', 'each is read as it was parsed');
    is($node->safe_psql('postgres', q{select count(*) from elile_optimize.statements where query ~ 'S3CRET' and query !~ 'statements'}),
        '0', 'and no literal is kept');

    # Strings of pieces that end or begin a string when the other setting reads them, written as one setting has them.
    srand(21);
    my @pieces = (q{S3CRET }, q{'}, q{\\}, q{\\}, q{'}, q{', --}, q{, }, q{ as "b", }, q{"}, q{--}, "\n", q{/*}, q{*/}, q{$$}, q{ from item where id < 2});
    my @between = (', ', ",\n", ", --'\n", q{ as "'", });
    my $string_as = sub {
        my ($setting) = @_;
        my $string = join '', 'S3CRET', map { $pieces[ rand @pieces ] } 0 .. rand 6;
        return $setting eq 'on' ? "'" . $string =~ s/'/''/gr . "'" : "'" . $string =~ s/\\/\\\\/gr =~ s/'/rand 2 < 1 ? q{\\'} : q{''}/gre . "'";
    };
    # Each statement has a sum of its own, and so an identifier and a text.
    my $texts = 0;
    my $text_as = sub {
        my ($setting) = @_;
        ++$texts;
        my $sum = join '', 'select 1', map { $texts >> $_ & 1 ? ' + 1' : ' - 1' } 0 .. 11;
        return join '', $sum, map({ $between[ rand @between ] . $string_as->($setting) } 0 .. 1 + rand 3), "\nfrom item where id < 100";
    };
    $node->safe_psql('postgres', 'create table item as select 1 as id; select elile_optimize.reset()');
    my $from = -s $node->logfile;
    foreach my $setting ('on', 'off')
    {
        foreach my $format ('text', 'json')
        {
            my $other = $setting eq 'on' ? 'off' : 'on';
            my $client = Protocol->connect($node);
            $client->simple($_) foreach "set backslash_quote = on", "set escape_string_warning = off", "set elile_optimize.log_format = $format",
                "set elile_optimize.slow_query_threshold = 0", "set elile_optimize.log_rate_limit = -1", "set elile_optimize.log_query_plan = on";
            my @failed;
            foreach my $number (1 .. 100)
            {
                push @failed, $client->simple("set standard_conforming_strings = $setting");
                push @failed, $client->simple($text_as->($setting));
                push @failed, $client->simple("set standard_conforming_strings = $other; " . $text_as->($setting));
                push @failed, $client->simple("set standard_conforming_strings = $setting");
                push @failed, $client->parse('s', $text_as->($setting))->sync->run;
                push @failed, $client->simple("set standard_conforming_strings = $other");
                push @failed, $client->bind('', 's')->execute('')->add('C', "Ss\0")->sync->run;
            }
            is(join(' ', @failed), '', "$setting, $format: what is written one way is read so");
            $client->close;
        }
    }
    my $shown = $node->safe_psql('postgres', q{
        select s::text from elile_optimize.statements s
        union all select q::text from elile_optimize.slow_queries q union all select f::text from elile_optimize.failures f});
    is(join("\n", grep { /S3CRET/ } split /\n/, $shown . slurp_file($node->logfile, $from)), '', 'no string is shown, whichever setting its statement runs under');
    cmp_ok(scalar(() = $shown =~ /text not shown/g), '>', 20, 'some can be read in two ways');
}

# Who asks by an identifier that another constant has is led to the row.
my $ids = $node->safe_psql('postgres', <<'SQL');
set compute_query_id = on;
set app.asked = 'one';
set app.asked = 'two';
select count(*), count(distinct queryid), bool_and(elile_optimize.percentile(queryid, 1) > 0)
from elile_optimize.statements where query = 'set app.asked = $1';
SQL
is($ids, '1|1|t', 'the first identifier is shown');
$node->stop;
done_testing();

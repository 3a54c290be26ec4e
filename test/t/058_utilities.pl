# A utility has one row, whatever its constants are, with and without pg_stat_statements on either side.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
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
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
SKIP:
{
    skip 'strings always conform from 19 on', 2 if $node->pg_version >= 19;
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

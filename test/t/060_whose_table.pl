# Whose table a statement is counted for: each line of lib/shapes.txt, run in all the ways in which a plan comes about or
# outlives what was known when it was made.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.max_statements = 100
});
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');
$node->safe_psql('postgres', slurp_file("$FindBin::RealBin/lib/shapes_schema.sql"));
# A server that was built without its modules has no foreign table to read.
my $has_files = $node->safe_psql('postgres', q{select count(*) from pg_available_extensions where name = 'file_fdw'});
$node->safe_psql('postgres', q{create extension file_fdw; create server files foreign data wrapper file_fdw;
create foreign table far (id int, v text) server files options (filename '/dev/null', format 'csv')}) if $has_files;

my @shapes;
for my $line (split /\n/, slurp_file("$FindBin::RealBin/lib/shapes.txt"))
{
    next if $line =~ /^(#|$)/;
    my ($answer, $statement) = $line =~ /^(\S.*?) +\| (.+)$/ or die "not a shape: $line";
    next if $answer eq 'select far' && !$has_files;
    push @shapes, { answer => $answer, statement => $statement };
}
cmp_ok(scalar(@shapes), '>=', 190, 'there are shapes of all kinds');

# What one statement in a transaction of its own was counted for. Other statements than it are not tracked, and none of the
# shapes changes anything that lasts.
sub seen
{
    my ($number, $statement, $track) = @_;
    return qq{set elile_optimize.track = 'none';
select elile_optimize.reset() \\g /dev/null
begin;
set local elile_optimize.track = '$track';
$statement \\g /dev/null
rollback;
select $number || '|' || coalesce(string_agg(concat_ws(' ', operation, coalesce(nullif(schema_name, 'public') || '.', '')
    || coalesce(table_name, '-'), nullif(calls, 1)), ', '), 'nothing')
from elile_optimize.table_operations where datname = current_database() and operation <> 'utility';
};
}

# Runs the statements of each shape in one session, behind what prepares all of them.
sub check
{
    my ($name, %way) = @_;
    my $prepare = $way{prepare} // sub { '' };
    my @numbers = grep { !$way{without} || $shapes[$_]{statement} !~ $way{without} } 0 .. $#shapes;
    my $script = "create temp table passing (id int);\n" . ($way{first} // '');
    $script .= $prepare->($_, $shapes[$_]{statement}) for @numbers;
    $script .= $way{then} // '';
    $script .= seen($_, $way{run}->($_, $shapes[$_]{statement}), $way{track} // 'top') for @numbers;
    my ($out, $err) = ('', '');
    IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$script, '>', \$out, '2>', \$err);
    my %answers = map { /^(\d+)\|(.*)$/ ? ($1 => $2) : () } split /\n/, $out;
    my @wrong = grep { ($answers{$_} // 'nothing at all') ne $shapes[$_]{answer} } @numbers;
    is($err, '', "$name: no error");
    is(scalar(@wrong), 0, "$name: each of " . @numbers . ' under its own table');
    diag("$shapes[$_]{answer} and not " . ($answers{$_} // 'nothing') . ": $shapes[$_]{statement}") for @wrong;
    return;
}

# More statements than any memory of them has room for.
my $others = q{do $$ begin for i in 1..5000 loop execute format('select 1 as a%s', i); end loop; end $$;
};
my $prepare = sub { my ($number, $statement) = @_; return "prepare shape_$number as $statement;\n" };
my $execute = sub { my ($number) = @_; return "execute shape_$number" };
# Once, so that its plan is cached.
my $prepare_and_execute = sub {
    my (@shape) = @_;
    return $prepare->(@shape) . 'begin; ' . $execute->(@shape) . " \\g /dev/null\nrollback;\n";
};
my $procedure = sub {
    my ($number, $statement) = @_;
    my $body = $statement =~ /^(insert|update|delete|merge)/ || $shapes[$number]{answer} !~ /^select/
        ? ($statement =~ s/^(insert.*) returning .*/$1/r) . ';'
        : "for found in $statement loop end loop;";
    return "create procedure pg_temp.shape_$number() language plpgsql as \$\$ declare found record; begin $body end \$\$;\n"
        . "begin; call pg_temp.shape_$number(); rollback;\n";
};
my $call = sub { my ($number) = @_; return "call pg_temp.shape_$number()" };

check('as it is', run => sub { my ($number, $statement) = @_; return $statement });
check('without identifiers', first => "set compute_query_id = off;\n", run => sub { my ($number, $statement) = @_; return $statement });
check('prepared', prepare => $prepare, run => $execute);
check('cached, after others', prepare => $prepare_and_execute, then => $others, run => $execute);
check('cached, without identifiers', first => "set compute_query_id = off;\n", prepare => $prepare_and_execute, run => $execute);
check('cached with identifiers, and run without', prepare => $prepare_and_execute, then => "set compute_query_id = off;\n", run => $execute);
check('planned while nothing is tracked', first => "set elile_optimize.track = 'none';\n", prepare => $prepare_and_execute, then => $others, run => $execute);
# What functions, triggers and foreign keys do is nested too, and counted for tables of its own. Of several commands that
# replace a nested statement nobody can tell which stands for it.
check('in a procedure', track => 'all', prepare => $procedure, then => $others, run => $call,
    without => qr/select inlined\(\)|rows from|inlined_with\(\(|not_inlined|in_plpgsql|as_definer|counted|writes|watched|parent|v_kept|v_function_join|update sent_on|emptied/);

done_testing();

# What is asked for each row of statements takes no more for a row where there are many, of one role or of a thousand.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $shapes = 10_000;
my $roles = 1000;
my $shapes_of_role = 10;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'elile_optimize'
elile_optimize.max_statements = 12000
elile_optimize.query_text_memory = 32MB
elile_optimize.track = all
CONF
$node->start;

# A statement's shape is a number in binary, of + and -.
$node->safe_psql('postgres', <<"SQL");
create extension elile_optimize;
create function shape(number int) returns text language sql immutable as
\$\$ select 'select ' || regexp_replace(translate(number::bit(14)::text, '01', '+-'), '(.)', '1\\1', 'g') || '1' \$\$;
create role elile_public;
do \$\$ begin for role in 1..$roles loop execute 'create role elile_' || role || ' in role elile_public'; end loop; end \$\$;
SQL

# Processor time of the session in ticks, which are 10 ms.
my $clock = q{(select split_part(fields, ' ', 12)::bigint + split_part(fields, ' ', 13)::bigint
	from regexp_replace(pg_read_file('/proc/self/stat'), '^.*[)] ', '') fields)};

# How many times as much as reading the view takes what is asked for each of its rows. One reading is too short to be
# measured alone.
sub times_reading
{
    my ($asked) = @_;
    my $times = $node->safe_psql('postgres', <<"SQL");
create temp table noted (at int, ticks bigint);
insert into noted select 0, $clock;
do \$\$ begin for turn in 1..10 loop perform count(queryid) from elile_optimize.statements; end loop; end \$\$;
insert into noted select 1, $clock;
do \$\$ begin perform count($asked) from elile_optimize.statements; end \$\$;
insert into noted select 2, $clock;
select round(10.0 * (c.ticks - b.ticks) / (b.ticks - a.ticks), 1)
from noted a, noted b, noted c where a.at = 0 and b.at = 1 and c.at = 2;
SQL
    note("$asked: $times times reading the view");
    return $times;
}

sub asks_at_the_price_of_reading
{
    my ($of_what) = @_;
    cmp_ok(times_reading($_), '<', 10, "$_ $of_what")
        for 'elile_optimize.percentile(queryid, 0.95)', 'elile_optimize.percentiles(queryid, array[0.5, 0.95, 0.999])';
}

$node->safe_psql('postgres', "do \$\$ begin for n in 1..$shapes loop execute shape(n); end loop; end \$\$");
cmp_ok($node->safe_psql('postgres', 'select entries from elile_optimize.info'), '>', $shapes, 'so many statements');
asks_at_the_price_of_reading("of $shapes statements of a role");
cmp_ok(times_reading('elile_optimize.reset(userid, dbid, queryid)'), '<', 20, "reset() of $shapes statements of a role");

$node->safe_psql('postgres', 'select elile_optimize.reset()');
$node->safe_psql('postgres', <<"SQL");
do \$\$
declare
    shapes text[] := array(select shape(n) from generate_series(1, $shapes_of_role) n);
    text text;
begin
    for role in 1..$roles loop
        perform set_config('role', 'elile_' || role, true);
        foreach text in array shapes loop
            execute text;
        end loop;
    end loop;
end \$\$;
SQL
is($node->safe_psql('postgres', q{select count(*), count(distinct queryid)
        from elile_optimize.statements where query ~ '^select .1[+-]'}),
    $roles * $shapes_of_role . "|$shapes_of_role", 'a thousand roles run the same statements');
asks_at_the_price_of_reading("of $shapes_of_role statements of $roles roles");

$node->stop;
done_testing();

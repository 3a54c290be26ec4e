# Loops are told by data: a key that comes from the parent's rows, whatever the order of statements.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = -1
});
$node->start;
$node->safe_psql('postgres', q{
create extension elile_optimize;
create table authors (id int primary key, name text, code uuid);
create table books (id int primary key, author_id int not null, title text);
create table customers (id bigint primary key, email text);
insert into authors select g, 'a' || g, md5(g::text)::uuid from generate_series(1, 50) g;
insert into books select g, (g - 1) / 5 + 1, 'b' || g from generate_series(1, 50) g;
insert into customers select g, 'c' || g from generate_series(1001, 3000) g;
analyze;
});

my $found_sql = q{
select string_agg(format('%s/%s/%s', table_name, occurrences, runs_per_occurrence), ' ' order by table_name collate "C")
from elile_optimize.n_plus_one};
sub found { return $node->safe_psql('postgres', $found_sql) }

# What one session leaves that sends these statements.
sub found_of
{
    my ($keeps, @statements) = @_;
    $node->safe_psql('postgres', 'select elile_optimize.reset()') if !$keeps;
    my $session = Session->new($node);
    $session->ask(join(";\n", @statements));
    $session->close;
    return found();
}

# The parameter that changes.
my $exists = 'select exists (select 1 from books where author_id = %s) from authors where id = 1';
is(found_of(0, 'select id from authors order by id', map { sprintf $exists, $_ } 1 .. 50), 'authors/1/50', 'a key in a subquery');
my $suggestion = $node->safe_psql('postgres', 'select suggestion from elile_optimize.n_plus_one');
unlike($suggestion, qr/id = any/, 'a constant is no key');
like($suggestion, qr/author_id = key\.value\) from authors where id = \$3/, 'what changes is one');

# Equal keys are runs, a transaction for each statement hides none, and neither does the catalogue.
my @authors = map { "select name from authors where id = " . (int(($_ - 1) / 5) + 1) } 1 .. 50;
is(found_of(0, 'select id, author_id from books order by id', @authors), 'authors/1/50', 'to one, in the order of keys');
is(found_of(1, 'select id, author_id from books order by id', @authors), 'authors/2/50', 'again, by the rows');
is(found_of(0, map { ('begin', $_, 'commit') } 'select id from authors order by id', map { "select * from books where author_id = $_" } 1 .. 50),
    'books/1/50', 'each statement in a transaction');
is(found_of(0, 'select id from authors order by id', (map { "select relname from pg_class where oid = $_" } 1 .. 30),
        map { "select * from books where author_id = $_" } 1 .. 50), 'books/1/50', 'catalogue statements before the first run');
is(found_of(0, 'select id from books order by id limit 20',
        map { "select id from books where id > $_ order by id limit 20" } 1 .. 15), '', 'pages are no loop');

# Look-ups of what is in no row: silent, also where the first of them were not told from a loop.
my @list_and_look_ups = map {
    my $time = $_;
    ('select id, name from authors order by id', map { 'select email from customers where id = ' . (1001 + ($time * 97 + $_ * 31) % 2000) } 1 .. 12)
} 1 .. 30;
is(found_of(0, @list_and_look_ups), '', 'hot look-ups after each list');

# Values in any form.
my @codes = split /\n/, $node->safe_psql('postgres', 'select code from authors order by id');
my @by_code = map { "select id from authors where code = '" . uc($_) . "'" } @codes;
found_of(0, 'select code from authors order by name', map { "select id from authors where code = '$_'" } @codes);
is(found_of(1, 'select code from authors order by id', @by_code), 'authors/1/50 authors/1/50', 'uuids in upper case');

# The client gets what it gets without us: rows, errors, RETURNING, cursors, portals in parts, COPY.
my $session = Session->new($node);
$session->ask('select id, name from authors order by id; ' . join('; ', map { "select * from books where author_id = $_" } 1 .. 50)) for 1 .. 2;
is($session->ask("select string_agg(name, ',' order by id) from (select id, name from authors order by id limit 3) a"), 'a1,a2,a3', 'rows');
$session->ask('create function fails_at(int) returns int language plpgsql as $$ begin if $1 = 30 then raise exception \'at 30\'; end if; return $1; end $$');
for my $time (1 .. 3)
{
    $session->ask('select fails_at(id) from authors where id < 30 order by id; ' . join('; ', map { "select * from books where author_id = $_" } 1 .. 29));
    $session->ask('select fails_at(id) from authors where id < 40 order by id');
    like($session->{err}, qr/at 30/, "its error, $time");
    is($session->ask('select id from authors order by id limit 2'), "1\n2", "rows after an error, $time");
}
is($session->ask('insert into books values (51, 1, \'x\') returning id'), '51', 'RETURNING');
is($session->ask('begin; declare c cursor for select id, name from authors order by id; fetch 2 from c; fetch 1 from c; commit'), "1|a1\n2|a2\n3|a3", 'a cursor');
is($session->ask('\set FETCH_COUNT 7' . "\nselect id, name from authors order by id"), join("\n", map { "$_|a$_" } 1 .. 50), 'in parts');
is($session->ask("\\set FETCH_COUNT 0\ncopy (select id from authors where id < 3 order by id) to stdout"), "1\n2", 'COPY');
$session->close;

done_testing();

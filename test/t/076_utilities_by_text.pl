# Each kind of utility has one row and no constant in its text, by both protocols, whatever its constants are.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Protocol;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
max_prepared_transactions = 10
wal_level = logical
autovacuum = off
log_min_messages = fatal
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table item (id int, name text, made date);
    insert into item select g, 'n' || g, current_date from generate_series(1, 10) g;
    create index item_id on item (id);
    create table part (id int) partition by list (id);
    create view item_view as select * from item;
    create sequence counter;
    create type mood as enum ('calm');
    create role somebody;
    create domain small as int;
    create foreign data wrapper wrapper;
    create server elsewhere foreign data wrapper wrapper;
    create foreign table far (id int) server elsewhere;
    create procedure takes(text, int) language plpgsql as 'begin end';
    create function returns_int(int) returns int language sql as 'select $1';
    create function on_change() returns trigger language plpgsql as 'begin return new; end';
});

# What is run, with #n for a number and #s for a word that no other run has, and #p for a number from 10 to 99. A row
# has the same text with parameters in their places; where names are values too, an arrow leads to its text.
my @kinds = (
    q{alter database postgres set app.a = '#s'},
    q{alter database postgres connection limit #n},
    q{alter domain small add check (value <> #n)},
    q{alter domain small set default #n},
    q{alter foreign table far options (add note '#s')},
    q{alter function returns_int(int) cost #n},
    q{alter function returns_int(int) set app.a = '#s'},
    q{alter index item_id set (fillfactor = #p)},
    q{alter role somebody password '#s'},
    q{alter role somebody set app.a to '#s'},
    q{alter role somebody in database postgres set search_path = #s, "#s" -> alter role somebody in database postgres set search_path = $1},
    q{alter database postgres set search_path to #s},
    q{alter system set application_name = #s},
    q{alter role somebody valid until 'infinity' connection limit #n},
    q{alter sequence counter restart with #n},
    q{alter server elsewhere options (add password '#s')},
    q{alter table item add column more text default '#s'},
    q{alter table item add constraint named check (name <> '#s' and id <> #n)},
    q{alter table item alter column id set statistics #p},
    q{alter table item alter column name type text using name || '#s'},
    q{alter table item set (fillfactor = #p, autovacuum_vacuum_threshold = #n)},
    q{alter type mood add value '#s'},
    q{alter view item_view alter column name set default '#s'},
    q{call takes('#s', #n)},
    q{comment on table item is '#s'},
    q{copy (select '#s' from item where id < #n) to '/#s/#s'},
    q{copy item from '/#s' with (format csv, delimiter ',', null '#s')},
    q{copy item to program '#s'},
    q{create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '#n')},
    q{create collation other (locale = '#s')},
    q{create database other connection limit = #n},
    q{create domain other as text default '#s' check (value <> '#s')},
    q{create event trigger other on ddl_command_end when tag in ('#s') execute function on_change()},
    q{create extension other version '#s'},
    q{create foreign table other (id int) server elsewhere options (note '#s')},
    q{create function other(a int default #n) returns text language sql as $$ select '#s'::text $$},
    q{create index other on item ((name || '#s')) where id > #n},
    q{create materialized view other as select '#s' as a, #n as b from item},
    q{create policy other on item using (name = '#s')},
    q{create publication other for table item where (id > #n)},
    q{create role other password '#s' connection limit #n},
    q{create rule other as on update to item_view do instead update item set name = '#s' where id = #n},
    q{create sequence other start #n},
    q{create server other type '#s' version '#s' foreign data wrapper wrapper options (host '#s')},
    q{create subscription other connection 'host=#s' publication one with (connect = false, slot_name = none)},
    q{create table other (id int default #n, name varchar(#p) default '#s' check (name <> '#s'))},
    q{create table other as select '#s' as a from item where id = #n},
    q{create table other partition of part for values in (#n)},
    q{create tablespace other location '/#s'},
    q{create text search dictionary other (template = simple, stopwords = '#s')},
    q{create trigger other before update on item for each row when (new.id = #n) execute function on_change('#s')},
    q{create type other as enum ('#s', '#s')},
    q{create user mapping for somebody server elsewhere options (user '#s', password '#s')},
    q{create view other as select * from item where name = '#s' and id = #n},
    q{declare walk cursor for select '#s' from item where id > #n},
    q{do $$ begin perform '#s', #n; end $$},
    q{explain (costs off) select '#s' from item where id = #n},
    q{import foreign schema far from server elsewhere into public options (a '#s')},
    q{load '#s'},
    q{notify heard, '#s'},
    q{prepare transaction '#s'},
    q{commit prepared '#s'},
    q{rollback prepared '#s'},
    q{savepoint "#s"},
    q{security label on table item is '#s'},
    q{select '#s' as a, #n as b into other from item},
    q{set app.a = '#s'},
    q{set local search_path to #s, '#s' -> set local search_path to $1},
    q{set session authorization #s},
    q{set time zone 'UTC-#p'},
    q{set transaction snapshot '#s'},
    q{vacuum (parallel #p) item});
my $runs = 300;

# These refuse a block.
my $outside = qr/^(?:commit|rollback|create database|create tablespace|create subscription|vacuum|alter system)/;

sub filled
{
    my ($kind, $number) = @_;
    return $kind =~ s/ -> .*//r =~ s/#n/730000 + $number/gre =~ s/#s/"s3cret$number"/gre =~ s/#p/10 + $number % 90/gre;
}

sub text_of
{
    my ($kind) = @_;
    my $parameters = 0;
    return $1 if $kind =~ / -> (.*)/;
    return $kind =~ s/\$\$.*?\$\$|'[^']*'|"#s"|#[nps]/'$' . ++$parameters/gre;
}

foreach my $protocol ('simple', 'extended')
{
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    my $client = Protocol->connect($node, application_name => $protocol);
    my $number = 0;
    foreach my $kind (@kinds)
    {
        my $in_block = $kind !~ $outside;
        foreach my $run (1 .. $runs)
        {
            my $text = filled($kind, ++$number);
            $client->query('begin') if $in_block;
            $protocol eq 'simple' ? $client->query($text) : $client->extended($text)->sync;
            $client->query('rollback') if $in_block;
            $client->send;
            $client->until_ready foreach 1 .. ($in_block ? 3 : 1);
        }
    }
    $client->close;
    my $rows = $node->safe_psql('postgres', q{
        select format('%s %s', calls + failed_calls, query) from elile_optimize.statements
        where query !~ 'elile_optimize' and query not in ('begin', 'rollback') order by query collate "C"});
    is($rows, join("\n", map { "$runs " . text_of($_) } sort { text_of($a) cmp text_of($b) } @kinds), "$protocol: a row for each kind");
    is($node->safe_psql('postgres', q{
            select count(*) from (select s::text from elile_optimize.statements s union all select f::text from elile_optimize.failures f) t(row)
            where row ~ 's3cret'}), '0', "$protocol: no constant");
}
$node->stop;
done_testing();

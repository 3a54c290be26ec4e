# However a statement ends, those after it are at their own level: what a client sent is at top level, whatever failed
# before it in its session, and what ran inside is nested.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Wire;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
max_prepared_transactions = 2
elile_optimize.n_plus_one_threshold = 3
elile_optimize.track_planning = on
});
$node->start;
$node->safe_psql('postgres', q{
create extension elile_optimize;
create table probe (id int);
create table zero (n int);
insert into zero values (0);
create table item (id int primary key);
insert into item select generate_series(1, 20);
create function fails(int) returns int language plpgsql volatile as $$ begin return (select $1 / n from zero); end $$;
create function fails_early(int) returns int language plpgsql immutable as $$ begin return fails($1); end $$;
create function fails_in_sql(int) returns int language sql volatile as 'select 1; select $1 / n from zero';
create function fails_in_loop(int) returns int language plpgsql as $$
declare
    r record;
begin
    for r in select id from item loop
        perform fails(r.id);
    end loop;
    return 1;
end $$;
create function catches(int) returns int language plpgsql immutable as $$
begin
    perform fails_early($1);
    return 0;
exception when division_by_zero then
    perform count(*) from item;
    return 1;
end $$;
create function catches_and_fails(int) returns int language plpgsql immutable as $$
begin
    perform catches($1);
    return fails($1);
end $$;
create function catches_twice(int) returns int language plpgsql as $$
begin
    begin
        perform fails_in_loop(1);
    exception when division_by_zero then
        execute 'select fails_early(1)';
    end;
    return 1;
exception when division_by_zero then
    return catches(1);
end $$;
create function sleeps_early() returns int language plpgsql immutable as $$ begin perform pg_sleep(600) from item; return 1; end $$;
create function prunes() returns int language plpgsql stable as $$ begin return (select max(n) from zero); end $$;
create function prunes_and_fails() returns int language plpgsql stable as $$ begin return (select 1 / n from zero); end $$;
create function sets(value text) returns int language plpgsql as $$
begin
    perform set_config('elile_optimize.track', value, false);
    return (select count(*) from item);
end $$;
create procedure commits_and_fails() language plpgsql as $$
begin
    insert into probe values (1);
    commit;
    perform catches(1);
    delete from probe;
    commit;
    perform fails(1);
end $$;
create procedure rolls_back_and_fails() language plpgsql as $$
begin
    for i in 1..3 loop
        insert into probe values (i);
        rollback;
    end loop;
    perform fails(1);
end $$;
create procedure commits_in_a_loop() language plpgsql as $$
declare
    r record;
begin
    for r in select id from item loop
        commit;
        if r.id > 3 then
            perform fails(1);
        end if;
    end loop;
end $$;
create function on_row() returns trigger language plpgsql as $$ begin perform fails(new.id); return new; end $$;
create table before_row (id int);
create trigger t before insert on before_row for each row execute function on_row();
create table after_row (id int);
create trigger t after insert on after_row for each row execute function on_row();
create table at_commit (id int);
create constraint trigger t after insert on at_commit deferrable initially deferred for each row execute function on_row();
create function counts() returns trigger language plpgsql as $$ begin perform count(*) from item; return new; end $$;
create table counted_at_commit (id int);
create constraint trigger t after insert on counted_at_commit deferrable initially deferred for each row execute function counts();
create table parted (k int) partition by list (k);
create table parted_0 partition of parted for values in (0);
create table parted_1 partition of parted for values in (1);
create function is_item(int) returns bool language plpgsql stable as $$ begin return exists (select from item where id = $1); end $$;
create domain item_id as int check (is_item(value));
create role nobody;
create view failing as select fails_early(1) as v;
create function on_ddl() returns event_trigger language plpgsql as $$
begin
    if current_setting('application_name') = 'on_ddl' then
        perform fails(1);
    end if;
end $$;
create event trigger on_ddl on ddl_command_end execute function on_ddl();
});

# The messages of each; an array is sent as one, in the extended protocol.
my %endings = (
    'in planning' => ['select log(-1.0)'],
    'in planning, by SQL' => ['select fails_early(1)'],
    'in planning in planning' => ['select catches_and_fails(1)'],
    'in planning, in a view' => ['select * from failing'],
    'in planning, of a prepared statement' => [ 'prepare p as select fails_early(1)', 'execute p', 'execute p' ],
    'in planning, for EXPLAIN' => [ 'explain select fails_early(1)', 'explain analyze select fails_early(1)' ],
    'in planning, in the other protocol' => [ [ Wire::statement('select fails_early(1)') ], [ Wire::statement('select log($1)', 0, '-1.0') ] ],
    'in a function' => [ 'select fails(1)', 'select fails_in_sql(1)', 'select fails_in_loop(1)', 'select * from fails_in_sql(1)' ],
    'in a function, in the other protocol' =>
        [ [ map { Wire::statement("select $_(\$1)", 0, 1) } qw(catches fails_in_loop fails) ], [ Wire::statement('select id, fails_in_sql(id) from item', 1) ] ],
    'caught' => [ 'select catches(1)', 'select catches_twice(1)', 'select catches(id) from item' ],
    'in DO' => [ 'do $$ begin perform 1 / n from zero; end $$', 'do $$ begin perform fails_early(1); end $$', 'do $$ begin perform catches_twice(1); raise; end $$' ],
    'in COPY' => [ 'copy (select fails(id) from item) to stdout', 'copy (select fails_early(1)) to stdout' ],
    'in other utilities' => [
        'create table made as select fails(id) from item',
        'create table made as select fails_early(1)',
        'explain analyze select fails(id) from item',
        'create materialized view made as select fails(1)',
        'alter table item add column other int default fails(1)',
        'create index on item (fails_early(id))',
        'alter table item alter column id type int using fails(id)',
        q{set elile_optimize.track = 'everything'},
        'create table item ()'
    ],
    'in a cursor' => [
        'begin', 'declare c cursor for select fails(id) from item', 'fetch c',
        'rollback', 'begin', 'declare c cursor for select id from item', 'fetch 2 from c', 'savepoint s',
        'fetch all from nothing', 'rollback to s', 'fetch 2 from c', 'declare d cursor with hold for select fails(id) from item', 'commit'
    ],
    'in a portal that stays open' => [
        'begin', [ Wire::statement('select id from item', 2) ], 'savepoint s', [ Wire::statement('select fails(id) from item', 1) ],
        'rollback to s', [ Wire::statement('select id from item', 2) ], 'rollback'
    ],
    'in a transaction' => [ 'begin', 'select fails(1)', 'select 1', 'rollback' ],
    'in a savepoint' => [
        'begin', 'savepoint s', 'select fails_in_loop(1)', 'rollback to s', 'select catches(1)', 'savepoint t', 'select log(-1.0)',
        'rollback to s', 'insert into after_row values (1)', 'commit'
    ],
    'in one message' => [ 'select 1; select catches(1); select fails(1); select 2', 'begin; select fails_early(1); commit', 'rollback' ],
    'in triggers' => [ 'insert into before_row values (1)', 'insert into after_row values (1)', [ Wire::statement('insert into after_row values ($1)', 0, 1) ] ],
    'at the commit' => [
        'insert into at_commit values (1)', 'begin', 'insert into at_commit values (2)', 'commit',
        'begin', 'insert into at_commit values (3)', 'set constraints all immediate', 'rollback',
        [ Wire::statement('insert into at_commit values (4)') ]
    ],
    'in procedures' => [
        'call commits_and_fails()', 'call rolls_back_and_fails()', 'call commits_in_a_loop()', 'begin', 'call commits_and_fails()', 'rollback',
        'do $$ begin call commits_in_a_loop(); end $$', [ Wire::statement('call commits_and_fails()') ]
    ],
    'by a time-out' => [
        q{set statement_timeout = '10ms'},
        'select pg_sleep(600)',
        'select sleeps_early()',
        'do $$ begin perform pg_sleep(600) from item; end $$',
        'select count(*) from item a, lateral (select pg_sleep(600)) b where a.id = fails_in_sql(1)',
        [ Wire::statement('select pg_sleep($1)', 0, 600) ],
        'set statement_timeout = 0'
    ],
    'as it begins' => [
        'select * from parted where k = prunes_and_fails()',
        'set role nobody', 'select * from item', [ Wire::statement('select * from item') ], 'reset role', 'select nothing'
    ],
    'in the parameters of EXECUTE' => [ 'prepare p(int) as select $1', 'execute p(fails(1))', 'execute p(catches(1))', 'execute p(fails_early(1))', 'execute q' ],
    'in a domain' => [ [ Wire::statement('select $1::item_id', 0, 99) ], q{select '99'::item_id}, 'select 99::item_id' ],
    'in an event trigger' => [ q{set application_name = 'on_ddl'}, 'create table made (id int)', 'reset application_name' ],
    'in a parallel worker' => [
        'alter function fails(int) parallel safe', 'set parallel_setup_cost = 0', 'set parallel_tuple_cost = 0',
        'set min_parallel_table_scan_size = 0', 'alter table item set (parallel_workers = 2)', 'select sum(fails(id)) from item'
    ],
    'where track changes' => [
        q{set elile_optimize.track = 'none'}, q{select sets('all'), fails(1)}, q{set elile_optimize.track = 'none'},
        q{do $$ begin perform sets('all'); perform fails(1); end $$}, q{select sets('none'), fails(1)},
        q{set elile_optimize.track = 'top'}, q{select sets('none')}, q{do $$ begin perform sets('all'); perform fails_early(1); end $$}
    ],
    'in two phases' => [ 'begin', 'insert into after_row values (1)', q{prepare transaction 'x'}, 'begin', 'insert into at_commit values (1)', q{prepare transaction 'x'} ],
    'in a loop of N+1' => [ 'select id from item', (map { "select * from item where id = $_" } 1 .. 8), 'select fails_early(1)', 'commit' ]);

my $probe = 'select count(*) from probe';
for my $what (sort keys %endings)
{
    for my $track_utility (qw(on off))
    {
        my $session = Wire->new($node);
        $session->simple($_) foreach "set elile_optimize.track_utility = $track_utility", q{set elile_optimize.track = 'all'};
        my $errors = join ' ', map { ref $_ ? $session->send(@$_) : $session->simple($_) } @{ $endings{$what} };
        $session->simple($_) foreach 'rollback', q{set elile_optimize.track = 'all'}, 'select elile_optimize.reset()';
        $errors .= $session->simple("$probe where id = 1");
        $errors .= $session->send(Wire::statement("$probe where id = \$1", 0, 1));
        $session->simple("do \$\$ begin perform count(*) from probe where id = 1; end \$\$");
        $session->simple(q{set elile_optimize.track = 'top'});
        $session->simple("$probe where id = 2");
        $session->close;
        is($node->safe_psql('postgres', q{select toplevel, sum(calls), sum(plans) from elile_optimize.statements
                where query ~* '^select count.* from probe' group by toplevel order by toplevel}),
            "f|1|1\nt|3|3", "an error $what, with track_utility $track_utility") or diag($errors);
    }
}

# What runs in no statement that was seen to begin is nested all the same.
sub levels_of
{
    my ($what, $pattern, $wanted, @messages) = @_;
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    my $session = Wire->new($node);
    my @errors = map { ref $_ ? $session->send(@$_) : $session->simple($_) } q{set elile_optimize.track = 'all'}, @messages;
    $session->close;
    is($node->safe_psql('postgres', "select string_agg(distinct toplevel::text, ' ' order by toplevel::text)
            from elile_optimize.statements where query ~* '$pattern'"), $wanted, $what) or diag(join ' ', @errors);
    return;
}
levels_of('a trigger at the commit', '^select count.* from item', 'false', 'insert into counted_at_commit values (1)');
levels_of('a trigger at COMMIT', '^select count.* from item', 'false', 'begin', 'insert into counted_at_commit values (1)', 'commit');
levels_of('a trigger at a sync', '^select count.* from item', 'false', [ Wire::statement('insert into counted_at_commit values (1)') ]);
levels_of('pruning', '^.select max', 'false', 'select * from parted where k = prunes()');
levels_of('pruning, in the other protocol', '^.select max', 'false', [ Wire::statement('select * from parted where k = prunes()') ]);
levels_of('parameters of EXECUTE', '^.select max', 'false', 'prepare p(int) as select $1', 'execute p(prunes())');
levels_of('what is executed', 'from parted', 'true', 'prepare p as select * from parted', 'execute p', 'execute p');
levels_of('parameters of a message', 'exists .select from item', 'false', [ Wire::statement('select $1::item_id', 0, 1) ]);
levels_of('a function that switches track on', '^.select count.* from item', 'false', q{set elile_optimize.track = 'none'}, q{select sets('all')});
levels_of('a loop after track is on', 'select id from item', 'false', q{set elile_optimize.track = 'none'},
    q{do $$ declare r record; begin perform sets('all'); for r in select id from item loop end loop; end $$});
levels_of('ends of transactions', '^(begin|savepoint|release|commit)', 'true',
    [ map { Wire::statement($_) } 'begin', 'savepoint s', 'release s', 'commit' ], 'begin', 'savepoint s', 'release s', 'commit');
levels_of('several statements of a message', 'from (item|zero)', 'true', 'select id from item; select n from zero; delete from item where id = 77');
levels_of('a cursor with hold', '^declare|^fetch', 'true', 'begin', 'declare c cursor with hold for select id from item', 'commit', 'fetch 3 from c');

done_testing();

# Each error that ended what a client asked for is one in failures: its phase, SQLSTATE and message, and once in summary.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use FailureCases;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
max_prepared_transactions = 0
max_parallel_workers_per_gather = 2
deadlock_timeout = 10ms
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table item (id int primary key, name text not null, n int check (n >= 0), price numeric);
    insert into item select g, 'n' || g, g, g from generate_series(1, 20000) g;
    create table line (id int primary key, item int constraint line_item references item deferrable initially deferred,
        other int constraint line_other references item);
    create table part (id int, name text) partition by list (id);
    create table part_one partition of part for values in (1);
    create domain positive as int constraint is_positive check (value > 0);
    create table locked (id int);
    insert into locked values (0);
    create function raising(text) returns int language plpgsql as $$ begin raise exception 'no % here', $1 using errcode = 'P0042'; end $$;
    create function raising_by_trigger() returns trigger language plpgsql as $$ begin raise exception 'trigger says %', new.name; end $$;
    create trigger item_raises before update on item for each row when (new.id = 7) execute function raising_by_trigger();
    create function inner_divides(int) returns int language plpgsql as $$ begin return (select count(*) from item where 1 / (id - $1) > 0); end $$;
    create function inner_plans() returns int language plpgsql as $$ declare r int; begin execute 'select 1 / 0' into r; return r; end $$;
    create function inner_caught() returns int language plpgsql as $$ begin perform 1 / 0; return 1; exception when others then return 0; end $$;
    create function deep(int) returns int language plpgsql as $$ begin return deep($1 + 1); end $$;
    create function folded(int) returns int language plpgsql immutable as $$ begin return 10 / $1; end $$;
    create function unsafe(int) returns int language plpgsql parallel safe as $$ begin return 1 / ($1 - 15000); end $$;
    create procedure calls(int) language plpgsql as $$ begin insert into item values (1, 'double'); end $$;
    create procedure calls_raise() language plpgsql as $$ begin insert into locked values (1); commit; raise exception 'procedure'; end $$;
    create procedure calls_after_catch() language plpgsql as $$ begin begin perform 1 / 0; exception when others then null; end; raise exception 'late'; end $$;
    analyze;
});

my $cases = FailureCases->new($node);

# By simple protocol.
$cases->simple('syntax', 'parse|42601|%s at or near "%s"|1', 'selec 1');
$cases->simple('column', 'parse|42703|column "%s" does not exist|1', 'select nowhere from item');
$cases->simple('table', 'parse|42P01|relation "%s" does not exist|1', 'select * from nowhere');
$cases->simple('literal', 'parse|22P02|invalid input syntax for type %s: "%s"|1', q{select 'abc'::int});
$cases->simple('folding', 'plan|22012|division by zero|1', 'select 1 / 0 from item');
$cases->simple('folded function', 'plan|22012|division by zero|1', 'select folded(0)');
$cases->simple('running', 'execute|22012|division by zero|1', 'select 1 / (id - 5) from item');
$cases->simple('not null', 'execute|23502|null value in column "%s" of relation "%s" violates not-null constraint|1', 'insert into item values (20001, null)');
$cases->simple('unique', 'execute|23505|duplicate key value violates unique constraint "%s"|1', q{insert into item values (5, 'x')});
$cases->simple('check', 'execute|23514|new row for relation "%s" violates check constraint "%s"|1', q{insert into item values (20001, 'x', -1)});
$cases->simple('domain', 'execute|23514|value for domain %s violates check constraint "%s"|1', 'select (id - 5)::positive from item');
$cases->simple('foreign key', 'execute|23503|insert or update on table "%s" violates foreign key constraint "%s"|1', 'insert into line values (1, 1, -1)');
$cases->simple('deferred', 'commit|23503|insert or update on table "%s" violates foreign key constraint "%s"|1', 'insert into line values (2, -1, 1)');
$cases->simple('deferred in a block', 'commit|23503|insert or update on table "%s" violates foreign key constraint "%s"|1',
    'begin', 'insert into line values (3, -1, 1)', 'select 1', 'commit');
$cases->simple('two statements', 'parse|42703|column "%s" does not exist|1', 'select 1; select nowhere');
$cases->simple('second fails', 'execute|22012|division by zero|1', 'select 1; select 1 / (id - 5) from item; select 2');
$cases->simple('second plans', 'plan|22012|division by zero|1', 'select 1; select 1 / 0');
$cases->simple('last commits', 'commit|23503|insert or update on table "%s" violates foreign key constraint "%s"|1', 'select 1; insert into line values (3, -1, 1)');
$cases->simple('trigger', 'execute|P0001|raise_exception|1', 'update item set price = 0 where id = 7');
$cases->simple('function', 'execute|P0042||1', q{select raising('S')});
$cases->simple('inner statement', 'execute|22012|division by zero|1', 'select inner_divides(5)');
$cases->simple('inner plan', 'plan|22012|division by zero|1', 'select inner_plans() from item where id < 3');
$cases->simple('depth', 'execute|54001|stack depth limit exceeded|1', 'select deep(id) from item where id = 1');
$cases->simple('time-out', 'execute|57014|canceling statement due to statement timeout|1', 'set statement_timeout = 50', 'select pg_sleep(100) from item');
$cases->simple('existing', 'utility|42P07|relation "%s" already exists|1', 'create table item (id int)');
$cases->simple('savepoint', 'utility|3B001|savepoint "%s" does not exist|1', 'begin; rollback to nowhere');
$cases->simple('vacuum', 'utility|25001|%s cannot run inside a transaction block|1', 'begin', 'vacuum item');
$cases->simple('block', 'utility|P0001|raise_exception|1', q{do $$ begin raise exception 'told'; end $$});
$cases->simple('block with a statement', 'execute|23505|duplicate key value violates unique constraint "%s"|1', q{do $$ begin insert into item values (5, 'x'); end $$});
$cases->simple('procedure', 'execute|23505|duplicate key value violates unique constraint "%s"|1', 'call calls(1)');
$cases->simple('procedure that raises', 'utility|P0001|raise_exception|1', 'call calls_raise()');
$cases->simple('after a caught one', 'utility|P0001|raise_exception|1', 'call calls_after_catch()');
$cases->simple('analyse', 'execute|22012|division by zero|1', 'explain analyze select 1 / (id - 5) from item');
$cases->simple('create as', 'execute|22012|division by zero|1', 'create table made as select 1 / (id - 5) from item');
$cases->simple('cursor', 'execute|22012|division by zero|1', 'begin', 'declare walk cursor for select 1 / (id - 5) from item', 'fetch 2 from walk', 'fetch 10 from walk');
$cases->simple('prepared', 'execute|22012|division by zero|1', 'prepare p(int) as select 1 / (id - $1) from item', 'execute p(5)');
$cases->simple('not prepared', 'utility|26000|prepared statement "%s" does not exist|1', 'execute nowhere');
$cases->simple('deep copy', 'execute|22012|division by zero|1', 'copy (select 1 / (id - 5) from item) to stdout');
$cases->case_of('caught', [], sub { $_[0]->simple('select inner_caught()') });
$cases->case_of('two kinds', [ 'parse|25P02|current transaction is aborted, commands ignored until end of transaction block|2', 'plan|22012|division by zero|1' ],
    sub { $_[0]->simple($_) foreach 'begin', 'select 1 / 0', 'select 1', 'select 2', 'rollback', 'select 3' });
$cases->case_of('copy', ['utility|22P02|invalid input syntax for type %s: "%s"|1'], sub {
        my ($client) = @_;
        $client->simple('copy item from stdin');
        $client->add('d', "abc\tname\t1\t1\n")->add('c', '')->run;
});
$cases->case_of('parallel', ['execute|22012|division_by_zero|1'], sub {
        $_[0]->simple($_) foreach 'set parallel_setup_cost = 0', 'set parallel_tuple_cost = 0', 'set min_parallel_table_scan_size = 0', 'set parallel_leader_participation = off',
            'select sum(unsafe(id)) from item';
});

# What the error names.
is($cases->ask(q{select application_name, error_schema, error_table, error_column, error_constraint from elile_optimize.failures
    where application_name in ('unique', 'not null', 'check', 'deferred', 'foreign key', 'domain', 'syntax') order by 1}), <<'EOT' =~ s/\n\z//r, 'names that errors carry');
check|public|item||item_n_check
deferred|public|line||line_item
domain|public|||is_positive
foreign key|public|line||line_other
not null|public|item|name|
syntax||||
unique|public|item||item_pkey
EOT
is($cases->ask(q{select f.application_name, s.query, f.table_name from elile_optimize.failures f left join elile_optimize.statements s on s.queryid = f.queryid and s.toplevel where application_name in ('running', 'folding', 'deferred', 'cursor', 'column', 'inner plan', 'procedure') order by 1}), <<'EOT' =~ s/\n\z//r, 'statements and their tables');
column||
cursor|fetch $1 from walk|item
deferred|insert into line values ($1, $2, -$3)|line
folding||item
inner plan|select inner_plans() from item where id < $1|item
procedure|call calls($1)|
running|select $1 / (id - $2) from item|item
EOT

done_testing();

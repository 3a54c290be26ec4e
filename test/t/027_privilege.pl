# What a database's owner, or anybody without superuser, can put in the way of the extension's
# privileged statements: none of it runs as somebody else, and nothing is done with it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.inline_index_limit = 0
elile_optimize.enable_query_logging = off
});
$node->start;

sub ask { my ($database, $sql) = @_; return $node->safe_psql($database, $sql) }

# What the role gets to hear; both streams.
sub try_as
{
    my ($role, $database, $sql) = @_;
    my ($status, $out, $err) = $node->psql($database, $sql, extra_params => [ '-U', $role ]);
    return $out . $err;
}

sub comes
{
    my ($database, $what, $query, $wanted) = @_;
    return becomes($what, sub { ask($database, $query) }, $wanted);
}

# Nobody has become what he was not, and no code of the attacker's ran as another.
sub nothing_gained
{
    my ($database, $what) = @_;
    is(ask('postgres', q{select string_agg(rolname, ',') from pg_roles where rolsuper}), 'postgres', "$what: no other superuser");
    is(ask($database, q{select string_agg(distinct who, ',') from public.ran where who <> 'mallory'}), '', "$what: nothing of his ran as another");
    return;
}

# A database of his, with code that notes as whom it runs and then tries to become superuser, and
# with the tables that the index set is for.
my $traps = q{
create table public.ran (who name);
grant all on public.ran to public;
create function public.trap() returns text language plpgsql as $$ begin
    insert into public.ran values (current_user);
    begin execute 'reset session authorization'; exception when others then null; end;
    begin execute 'set role postgres'; exception when others then null; end;
    insert into public.ran values (current_user);
    begin execute 'alter role mallory superuser'; exception when others then null; end;
    return 'x'; end $$;
create function public.trap_row() returns trigger language plpgsql as $$ begin perform public.trap(); return new; end $$;
create table public.tenants (tenant_id uuid, name varchar(255), is_active boolean);
};
my $columns = q{id bigint generated always as identity primary key, name name, schema_name name, table_name name,
    table_oid oid, userid oid, state text default 'queued', cancel boolean default false, phase text default public.trap(),
    attempts integer default 0, index_oid oid default 0, not_before timestamptz default '-infinity',
    requested_at timestamptz default now(), started_at timestamptz, finished_at timestamptz, error text,
    calls_before bigint, p95_before double precision, counts_then bigint[], stats_since timestamptz};
my $unique = q{create unique index on elile_optimize.index_build_journal (schema_name, name) where state in ('queued', 'building');};
my $one = q{build_indexes(array['idx_tenants_active_name'])};

ask('postgres', 'create role mallory login');
my $databases = 0;

sub his_database
{
    my $name = 'd' . ++$databases;
    ask('postgres', "create database $name owner mallory");
    try_as('mallory', $name, $traps);
    return $name;
}

# Before CREATE EXTENSION: a schema in which he has a say is refused, and nothing of it stays.
my %before = (
    'a schema of his' => [ 'create schema elile_optimize', '', qr/It belongs to role "mallory", which is no superuser/ ],
    'a schema of his, given to the superuser, with a function in it' => [
        'create schema elile_optimize; create function elile_optimize.concat_ws(text, text, text) returns text language sql as $$ select public.trap() $$',
        'alter schema elile_optimize owner to postgres', qr/It has an object of role "mallory": function elile_optimize.concat_ws/ ],
    'an operator in it' => [
        q{create schema elile_optimize; create function public.join(text, bigint) returns text language sql as $$ select public.trap() $$;
        create operator elile_optimize.|| (leftarg = text, rightarg = bigint, function = public.join)},
        'alter schema elile_optimize owner to postgres', qr/It has an object of role "mallory": operator/ ],
    'a table in it' => [ "create schema elile_optimize; create table elile_optimize.index_build_journal ($columns)",
        'alter schema elile_optimize owner to postgres', qr/It has an object of role "mallory": (?:table|sequence) elile_optimize/ ],
    'a type in it' => [ 'create schema elile_optimize; create domain elile_optimize.name as text',
        'alter schema elile_optimize owner to postgres', qr/It has an object of role "mallory": type/ ],
    'a right to create in it' => [ 'select', 'create schema elile_optimize; grant create on schema elile_optimize to mallory', qr/Role "mallory" may create objects in it/ ],
    'a right of all to create in it' => [ 'select', 'create schema elile_optimize; grant create on schema elile_optimize to public', qr/Role "public" may create objects in it/ ],
    'the check itself' => [ 'create schema elile_optimize; create function elile_optimize.require_safe_schema() returns void language sql as $$ select public.trap() $$',
        '', qr/function "require_safe_schema" already exists/ ]);
for my $what (sort keys %before)
{
    my ($his, $superusers, $refusal) = @{ $before{$what} };
    my $database = his_database();
    is(try_as('mallory', $database, $his), '', "$what: made");
    ask($database, $superusers) if $superusers;
    my ($status, $out, $err) = $node->psql($database, '\set VERBOSITY verbose' . "\ncreate extension elile_optimize", on_error_stop => 1);
    like($err, $refusal, "$what: refused");
    like($err, qr/ERROR:  55000:.*HINT:  Drop or rename the schema/s, "$what: with a state and a hint") unless $what eq 'the check itself';
    is(ask($database, 'select count(*) from pg_extension where extname ~ $$elile$$'), '0', "$what: there is no extension");
    nothing_gained($database, $what);
}

# After it: the schema cannot be his, and a way that a superuser opened leads nowhere either.
my $database = his_database();
ask($database, 'create extension elile_optimize');
for my $sql ('alter schema elile_optimize rename to x', 'drop schema elile_optimize cascade', 'drop extension elile_optimize',
    'alter extension elile_optimize add table public.tenants', 'alter extension elile_optimize drop table elile_optimize.index_build_journal',
    'alter extension elile_optimize set schema public', 'create function elile_optimize.build_indexes() returns int language sql as $$ select 1 $$',
    'create trigger t before insert on elile_optimize.index_build_journal for each row execute function public.trap_row()',
    'create rule r as on insert to elile_optimize.index_build_journal do also select public.trap()',
    'create policy p on elile_optimize.index_build_journal using (public.trap() is not null)',
    'create table public.child () inherits (elile_optimize.index_build_journal)',
    'create table public.refers (id bigint references elile_optimize.index_build_journal on delete cascade)',
    'alter table elile_optimize.index_build_journal alter phase set default public.trap()',
    q{insert into elile_optimize.index_build_journal (name, schema_name, table_name, table_oid, userid) values ('idx_tenants_active_name', 'public', 'tenants', 0, 10)},
    'create event trigger e on ddl_command_end execute function public.trap_row()')
{
    like(try_as('mallory', $database, $sql), qr/must be owner|permission denied|must be superuser/i, "he may not: $sql");
}
nothing_gained($database, 'what he may not');

# The schema's new owner puts one of his own in its place, with what looks like the journal.
my %after = (
    'a table with a default' => "create table elile_optimize.index_build_journal ($columns); $unique",
    'a table with a trigger' => "create table elile_optimize.index_build_journal ($columns); $unique
        create trigger t before insert or update or delete on elile_optimize.index_build_journal for each row execute function public.trap_row()",
    'a table with row security' => "create table elile_optimize.index_build_journal ($columns); $unique
        alter table elile_optimize.index_build_journal enable row level security, force row level security;
        create policy p on elile_optimize.index_build_journal using (public.trap() is not null) with check (public.trap() is not null)",
    'a table with a check and a column of his type' => "create domain public.state as text check (public.trap() is not null);
        create table elile_optimize.index_build_journal ($columns, extra public.state default 'x', check (public.trap() is not null)); $unique",
    'a table with an index on his expression' => "create function public.calm(text) returns text immutable language plpgsql as 'begin return public.trap(); end';
        create table elile_optimize.index_build_journal ($columns); $unique create index on elile_optimize.index_build_journal (public.calm(state))",
    'a view' => "create table public.rows ($columns); create view elile_optimize.index_build_journal as select * from public.rows where public.trap() is not null;
        create rule r as on insert to elile_optimize.index_build_journal do instead select public.trap()",
    'a materialised view' => "create materialized view elile_optimize.index_build_journal as select 1::bigint as id",
    'a partitioned table' => "create table elile_optimize.index_build_journal (id bigint, name name, schema_name name, table_name name, table_oid oid, userid oid,
        state text default 'queued', phase text default public.trap()) partition by list (state);
        create table public.part partition of elile_optimize.index_build_journal default",
    'a foreign table' => 'foreign',
    'nothing' => 'select');
for my $what (sort keys %after)
{
    my $his = his_database();
    ask($his, 'create extension elile_optimize; alter schema elile_optimize owner to mallory');
    if ($after{$what} eq 'foreign')
    {
        ask($his, 'create foreign data wrapper w; grant usage on foreign data wrapper w to mallory');
        $after{$what} = "create server s foreign data wrapper w;
            create foreign table elile_optimize.index_build_journal (id bigint, name name, schema_name name, table_name name, table_oid oid, userid oid,
            state text default 'queued', phase text default public.trap()) server s";
    }
    my $said = try_as('mallory', $his, "alter schema elile_optimize rename to x; create schema elile_optimize; grant all on schema elile_optimize to public; $after{$what}");
    is($said, '', "$what: in its place");
    is(try_as('mallory', $his, "select x.$one"), '1', "$what: his build is queued");
    is(ask($his, 'select count(*) from x.index_build_journal'), '1', "$what: in the extension's own journal");
    comes($his, "$what: and built", q{select state || coalesce(error, '') from x.index_builds}, 'done');
    is(try_as('mallory', $his, 'select x.cancel_index_builds()'), '0', "$what: nothing to cancel");
    nothing_gained($his, $what);
}

# The journal itself, where a superuser has handed out a part of it.
my %opened = (
    'a grant of TRIGGER' => [ 'grant select, trigger on elile_optimize.index_build_journal to mallory',
        'create trigger t before insert or update on elile_optimize.index_build_journal for each row execute function public.trap_row()', qr/triggers, rules or row security/,
        'drop trigger t on elile_optimize.index_build_journal; revoke all on elile_optimize.index_build_journal from mallory' ],
    'a grant of REFERENCES' => [ 'grant references on elile_optimize.index_build_journal to mallory',
        'create table public.refers (id bigint references elile_optimize.index_build_journal on delete cascade)', qr/triggers, rules or row security/,
        'drop table public.refers; revoke all on elile_optimize.index_build_journal from mallory' ],
    'a grant of INSERT' => [ 'grant insert on elile_optimize.index_build_journal to mallory',
        q{insert into elile_optimize.index_build_journal (name, schema_name, table_name, table_oid, userid) values ('idx_tenants_active_name', 'public', 'tenants', 'public.tenants'::regclass, 10)},
        qr/Others than its owner may do more than read it/, 'revoke all on elile_optimize.index_build_journal from mallory; delete from elile_optimize.index_build_journal' ],
    'the table' => [ 'grant create on schema elile_optimize to mallory; alter table elile_optimize.index_build_journal owner to mallory',
        'alter table elile_optimize.index_build_journal alter phase set default public.trap()', qr/belongs to a role that is no superuser/,
        'alter table elile_optimize.index_build_journal owner to postgres; alter table elile_optimize.index_build_journal alter phase drop default; revoke all on elile_optimize.index_build_journal from mallory' ]);
for my $what (sort keys %opened)
{
    my ($grant, $his_sql, $reason, $undo) = @{ $opened{$what} };
    my $his = his_database();
    ask($his, "create extension elile_optimize; $grant");
    is(try_as('mallory', $his, $his_sql), '', "$what: used");
    my $said = try_as('mallory', $his, "select elile_optimize.$one");
    like($said, qr/ERROR:  table "index_build_journal" is not as the extension made it: nothing is done with it\nDETAIL:  .*$reason.*\nHINT:/, "$what: nothing is done, and why");
    like(try_as('mallory', $his, 'select elile_optimize.cancel_index_builds()'), $reason, "$what: nor is anything cancelled");
    nothing_gained($his, $what);
    ask($his, $undo);
    is(try_as('mallory', $his, "select elile_optimize.$one"), '1', "$what: taken back, builds go on");
    comes($his, "$what: to the end", q{select state || coalesce(error, '') from elile_optimize.index_builds}, 'done');
    nothing_gained($his, "$what, afterwards");
}

# A coordinator that starts beside such a journal leaves it alone, once, and takes no slot from others.
my $open = his_database();
ask($open, 'create extension elile_optimize; grant select, trigger on elile_optimize.index_build_journal to mallory');
try_as('mallory', $open, 'create trigger t before insert or update on elile_optimize.index_build_journal for each row execute function public.trap_row()');
my $from = -s $node->logfile;
$node->restart;
$node->wait_for_log(qr/no index is built in database "$open": the journal of builds is not as the extension made it/, $from);
nothing_gained($open, 'after a restart');
my $sound = his_database();
ask($sound, 'create extension elile_optimize');
is(try_as('mallory', $sound, "select elile_optimize.$one"), '1', 'another database');
comes($sound, 'builds meanwhile', q{select state from elile_optimize.index_builds}, 'done');

# Default privileges give no right on the journal.
my $defaults = his_database();
ask($defaults, q{alter default privileges grant all on tables to mallory; alter default privileges grant all on sequences to mallory, public;
    create role "odd ""name"; alter default privileges grant all on tables to "odd ""name" with grant option; create extension elile_optimize});
is(ask($defaults, q{select relname, relacl from pg_class where relname in ('index_build_journal', 'index_build_journal_id_seq') order by 1}),
    "index_build_journal|{postgres=arwdDxt/postgres}\nindex_build_journal_id_seq|{postgres=rwU/postgres}", 'only its owner has rights on the journal')
    if $node->pg_version < 17;
is(try_as('mallory', $defaults, "select elile_optimize.$one"), '1', 'and builds are queued');

# What a superuser asks for on his tables is done as him, in the script and in the background, and no
# way leads back: what an event trigger calls tries them all.
my $watch = q{
create function public.watch() returns event_trigger language plpgsql as $$ begin
    perform public.trap() from pg_event_trigger_ddl_commands() where schema_name = 'public' and object_type = 'index'; end $$;
alter function public.watch() owner to mallory;
create event trigger watch on ddl_command_end when tag in ('CREATE INDEX') execute function public.watch()};
my $schema_sql = slurp_file("$FindBin::RealBin/workload/schema.sql");
ask('postgres', 'create role group_of_mallory nologin; grant group_of_mallory to mallory');
for my $owner ('mallory', 'group_of_mallory')
{
    my $his = his_database();
    ask($his, "drop table tenants; $schema_sql; $watch; grant create on schema public to $owner");
    ask($his, "do \$\$ declare t text; begin for t in select tablename from pg_tables where schemaname = 'public' and tablename <> 'ran' loop
        execute format('alter table public.%I owner to $owner', t); end loop; end \$\$");
    ask($his, "alter database $his set elile_optimize.inline_index_limit = '1GB'; drop index if exists idx_tenants_active_name");
    $node->psql($his, 'create extension elile_optimize');
    is(ask($his, q{select count(*) from elile_optimize.index_status where state <> 'present'}), '0', "$owner: the script has built the set");
    is(ask($his, 'select distinct who from ran'), $owner, "$owner: all of it as the owner");
    ask($his, "truncate ran; drop index idx_tenants_active_name; select elile_optimize.$one");
    comes($his, "$owner: a superuser's request is built", q{select state || coalesce(error, '') from elile_optimize.index_builds}, 'done');
    is(ask($his, 'select distinct who from ran'), $owner, "$owner: as the owner too");
    is(ask('postgres', q{select string_agg(rolname, ',') from pg_roles where rolsuper}), 'postgres', "$owner: and there is no other superuser");
}

# Settings of a database are its owner's; none of them stops its builds or those of others.
my $set = his_database();
ask($set, 'create extension elile_optimize');
try_as('mallory', $set, "alter database $set set default_transaction_read_only = on; alter database $set set role = 'mallory';
    alter database $set set search_path = public; alter database $set set default_transaction_isolation = 'serializable'");
is(try_as('mallory', $set, "begin read write; select elile_optimize.$one; commit"), '1', 'queued under hostile settings');
comes($set, 'and built', q{select state || coalesce(error, '') from elile_optimize.index_builds}, 'done');

# A dump of one superuser's is restored by another, who owns then what was made; its schema is made
# by the dump, and belongs to the first one where that role is there.
ask('postgres', 'create role second superuser login');
my $dumped = his_database();
ask($dumped, 'create extension elile_optimize; grant select on elile_optimize.index_build_journal to mallory');
my $dump = $node->basedir . '/dump.sql';
for my $option ('as it is', '--no-owner')
{
    my $restored = "restored_$databases";
    $node->command_ok([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-U', 'postgres', '-f', $dump, ($option eq 'as it is' ? () : $option), $dumped ], "$option: dumped");
    ask('postgres', "create database $restored owner mallory");
    my ($status, $out, $err) = $node->psql($restored, slurp_file($dump), on_error_stop => 1, extra_params => [ '-U', 'second' ]);
    is($status, 0, "$option: restored by another superuser") or diag($err);
    is(ask($restored, q{select extowner::regrole, nspowner::regrole from pg_extension, pg_namespace where extname = nspname and extname = 'elile_optimize'}),
        $option eq 'as it is' ? 'second|postgres' : 'second|second', "$option: with these owners");
    is(try_as($option eq 'as it is' ? 'mallory' : 'second', $restored, "select elile_optimize.$one"), '1', "$option: a build is queued");
    comes($restored, "$option: and built", q{select state || coalesce(error, '') from elile_optimize.index_builds}, 'done');
    ++$databases;
}

# Its owner being no superuser any more, nothing is done.
ask('postgres', 'alter role second nosuperuser');
my $last = 'restored_' . ($databases - 1);
ask($last, 'drop index idx_tenants_active_name; grant create on schema public to second');
like(try_as('second', $last, "select elile_optimize.$one"), qr/The extension belongs to a role that is no superuser/, 'an owner that is no superuser any more');
$node->stop;
done_testing();

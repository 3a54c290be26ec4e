# The index set's way into a database: by CREATE and by ALTER EXTENSION, into any schema, past a
# table that is busy, through a dump, and what stays when the extension goes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $schema_sql = slurp_file("$FindBin::RealBin/workload/schema.sql");
(my $early_sql = $schema_sql) =~ s/,\s*tenant_id uuid references tenants,\s*data_origin varchar\(50\)\)/)/
    or die 'the schema has no late columns';
$early_sql =~ s/^create index idx_entity_(?:tenant|data_origin) .*\n//mg;
my $parted_sql = $schema_sql;
$parted_sql =~ s/(create table audit_events \(\n    audit_id uuid) primary key/$1/ or die 'no audit_events';
$parted_sql =~ s/(created_at timestamptz not null default now\(\))\);\ncreate index idx_audit_tenant on/$1) partition by range (created_at);
create table audit_old partition of audit_events for values from (minvalue) to ('2026-01-01');
create table audit_new partition of audit_events for values from ('2026-01-01') to (maxvalue);
create index idx_audit_tenant on/ or die 'audit_events has no end';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.enable_query_logging = off
});
$node->start;

sub ask { my ($database, $sql) = @_; return $node->safe_psql($database, $sql) }

# A database with these tables in a schema, which is where the set is looked for.
sub make_database
{
    my ($name, $sql, $schema) = @_;
    $schema //= 'public';
    $node->safe_psql('postgres', qq{create database "$name"});
    $node->safe_psql('postgres', qq{alter database "$name" set elile_optimize.index_schema = '$schema'});
    (my $quoted = qq{"$schema"}) =~ s/(?<=.)"(?=.)/""/g;
    $node->safe_psql($name, "create schema if not exists $quoted; set search_path = $quoted; $sql");
    return;
}

# What the server says to a statement, without what psql adds.
sub said
{
    my ($database, $sql) = @_;
    my ($status, $out, $err) = $node->psql($database, $sql);
    is($status, 0, $sql);
    $err =~ s/^psql:\S+ //mg;
    return $err;
}

# Every index with its table and definition; the oids and the schema's name apart.
sub indexes
{
    my ($database, $schema) = @_;
    return ask($database, qq{select replace(pg_get_indexdef(i.indexrelid), quote_ident(n.nspname) || '.', ''), i.indisvalid
        from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = '} . ($schema // 'public') . q{' order by 1});
}

# What belongs to the extension.
sub members
{
    my ($database) = @_;
    return ask($database, q{select pg_describe_object(classid, objid, 0) from pg_depend
        where refclassid = 'pg_extension'::regclass and deptype = 'e'
          and refobjid = (select oid from pg_extension where extname = 'elile_optimize') order by 1});
}

my $all_built = qr/NOTICE:  index set in schema "public": 18 built, 0 present, 0 waiting, 0 not applicable/;
my $states = 'select state, count(*) from elile_optimize.index_status group by state order by state';

# By CREATE EXTENSION, and by ALTER EXTENSION from 1.0.
make_database('created', $schema_sql);
make_database('altered', $schema_sql);
like(said('created', 'create extension elile_optimize'), qr/\A$all_built\z/, 'one notice');
my $before = indexes('altered');
is(said('altered', q{create extension elile_optimize version '1.0'}), '', '1.0 builds nothing');
is(indexes('altered'), $before, 'and leaves the catalogue as it was');
like(said('altered', 'alter extension elile_optimize update'), qr/\A$all_built\z/, '1.1 builds the set');
is(ask('altered', q{select extversion from pg_extension where extname = 'elile_optimize'}), '1.1', 'that is the version now');
is(indexes('altered'), indexes('created'), 'both ways make the same indexes');
is(members('altered'), members('created'), 'and the same extension');
unlike(members('created'), qr/index idx_/, 'to which no index of the set belongs');
is(ask('created', $states), 'present|18', 'all are present');

# Twice.
my $built = indexes('created');
said('created', 'drop extension elile_optimize');
is(indexes('created'), $built, 'DROP EXTENSION leaves them');
is(ask('created', q{select count(*) from pg_depend where refclassid = 'pg_namespace'::regclass and refobjid = 'elile_optimize'::regnamespace}), '0', 'and nothing of its own in its schema');
like(said('created', 'create extension elile_optimize'), qr/: 0 built, 18 present, 0 waiting, 0 not applicable\z/, 'created again, it finds them');
is(indexes('created'), $built, 'and makes none again');

# Without the late columns.
make_database('early', $early_sql);
like(said('early', 'create extension elile_optimize'),
    qr/: 16 built, 0 present, 0 waiting, 2 not applicable\nDETAIL:  idx_entities_tenant_type: column "tenant_id" does not exist\nidx_entities_origin_created: column "data_origin" does not exist\z/,
    'the early schema lacks two columns');
ask('early', 'alter table entities add tenant_id uuid, add data_origin varchar(50)');
ask('early', 'drop extension elile_optimize');
like(said('early', 'create extension elile_optimize'), qr/: 2 built, 16 present/, 'once they are there, two more');

# Another schema, and none that has all six tables.
make_database('elsewhere', $schema_sql, 'Sché "ma');
like(said('elsewhere', 'create extension elile_optimize'), qr/index set in schema "Sché "ma": 18 built/, 'in another schema');
is(indexes('elsewhere', 'Sché "ma'), $built, 'the same indexes');
is(ask('elsewhere', $states), 'present|18', 'which the status finds there');
ask('postgres', 'create database without');
is(said('without', 'create extension elile_optimize'), '', 'a database without the tables is told nothing of them');
ask('without', q{drop extension elile_optimize; create table tenants (tenant_id uuid, name text, is_active boolean); create table entities (entity_id uuid)});
is(said('without', 'create extension elile_optimize'), '', 'nor is one that has a few tables of these names');
ask('without', 'drop extension elile_optimize; create table entity_profiles (); create table entity_relations (); create table audit_events ()');
like(said('without', 'create extension elile_optimize'),
    qr/\ANOTICE:  schema "public" does not have all tables of the index set: nothing is built\nDETAIL:  It lacks cached_data_sources\.\nHINT:  .*\z/,
    'one that has most of them is told which it lacks');
ask('without', q{drop extension elile_optimize; alter database without set elile_optimize.index_schema = 'nowhere'});
like(said('without', 'create extension elile_optimize'), qr/schema "nowhere" does not have all tables.*It lacks .*tenants/s,
    'and so is one that has said where they are');
make_database('five', "$schema_sql; drop table cached_data_sources");
$before = indexes('five');
like(said('five', 'create extension elile_optimize'), qr/nothing is built/, 'five tables are not six');
is(indexes('five'), $before, 'and nothing is done to them');
is(said('five', q{set client_min_messages = warning; drop extension elile_optimize; create extension elile_optimize}), '', 'who wants no notice gets none');

# Partitions.
make_database('parted', $parted_sql);
like(said('parted', 'create extension elile_optimize'), $all_built, 'one table in partitions');
is(ask('parted', q{select count(*) from pg_index where indrelid = 'audit_old'::regclass and indisvalid}), '11', 'its partitions have all of its indexes');
is(ask('parted', 'select count(*) from pg_index where not indisvalid'), '0', 'valid ones');

# Large tables wait; a busy one too, and nobody waits for the script.
make_database('large', $schema_sql);
my $writer = Session->new($node, database => 'large');
$writer->ask('begin; insert into tenants (name, slug) values ($$a$$, $$a$$)');
$node->safe_psql('postgres', q{alter database large set elile_optimize.inline_index_limit = '40kB'});
ask('large', q{insert into entities select gen_random_uuid(), 'individual', '{}' from generate_series(1, 1000)});
my $said = said('large', 'create extension elile_optimize');
like($said, qr/: 14 built, 0 present, 4 waiting, 0 not applicable/, 'three indexes on a large table and one on a busy one wait');
like($said, qr/^HINT:  elile_optimize.build_indexes\(\) builds what waits/m, 'the notice names the call');
like($said, qr/idx_entities_tenant_type: its table is not below elile_optimize.inline_index_limit/, 'the large one');
like($said, qr/idx_tenants_active_name: its table could not be locked within 500ms/, 'the busy one');
$writer->ask('commit');
$writer->close;
is(ask('large', q{select elile_optimize.build_indexes()}), '4', 'the call takes what waited');
$node->poll_query_until('large', q{select count(*) = 18 from elile_optimize.index_status where state = 'present'}) or die 'not built';
is(indexes('large'), indexes('created'), 'and the set is whole');

# Dumped and restored.
my $dump = $PostgreSQL::Test::Utils::tmp_check . '/dump.sql';
for my $database ('large', 'parted', 'elsewhere')
{
    my $restored = "restored_$database";
    my $schema = $database eq 'elsewhere' ? 'Sché "ma' : undef;
    $node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr($database) ], "$database is dumped");
    $node->safe_psql('postgres', "create database $restored");
    my ($status, $out, $err) = $node->psql($restored, slurp_file($dump), on_error_stop => 1);
    is($status, 0, 'and restored') or diag($err);
    unlike($err, qr/ERROR|WARNING/, 'without an error');
    # A predicate that is read again is written another way, and means the same.
    is(indexes($restored, $schema) =~ s/ WHERE .*\|/|/gr, indexes($database, $schema) =~ s/ WHERE .*\|/|/gr, 'with the same indexes');
    is(ask($restored, 'set elile_optimize.index_schema = $$' . ($schema // 'public') . "\$\$; $states"), 'present|18', 'all of which are found');
    is(members($restored), members($database), 'and the same extension');
}
is(ask('restored_large', 'select count(*) from elile_optimize.index_builds'), '0', 'builds are not restored: they were another server\'s');

# A week later the ones that nobody used are named, those that a constraint or a foreign key needs apart.
SKIP:
{
    my ($faketime) = glob('/usr/lib/*/faketime/libfaketime.so.1');
    chomp(my $born = `stat -c %W @{[ $node->data_dir ]}/PG_VERSION`);
    skip 'this file system does not know how old a file is', 6 if $born eq '0' || $born eq '-';
    my $verdict = q{select state, verdict from elile_optimize.index_status where name = 'idx_profiles_risk_score_gin'};
    ask('created', q{insert into tenants (name, slug) select n, n from generate_series(1, 1000) n; analyze tenants;
        set enable_seqscan = off; select from tenants where name = 'x' and is_active});
    is(ask('created', $verdict), 'present|not scanned yet', 'not scanned yet');
    {
        local %ENV = (%ENV, LD_PRELOAD => $faketime, FAKETIME => '+8d', FAKETIME_DONT_FAKE_MONOTONIC => 1, NO_FAKE_STAT => 1);
        $node->restart;
    }
    is(ask('created', $verdict), 'present|not used for 8 days', 'not used for a week');
    # When an index was scanned last is known from 16 on.
    is(ask('created', q{select verdict from elile_optimize.index_status where name = 'idx_tenants_active_name'}),
        $node->pg_version >= 16 ? 'not used for 8 days' : '1 scan', 'one that was used before');
    my $unused = ask('created', q{select string_agg(index_name, ' ' order by index_name), min(explanation) from elile_optimize.redundant_indexes where kind = 'unused'});
    like($unused, qr/\bidx_profiles_risk_score_gin\b.*\|not scanned for 8 days on this server;/, 'and is needless');
    unlike($unused, qr/pkey|slug|idx_profile_version|\bidx_from_entity\b/, 'keys are not');
    is($unused =~ /idx_tenants_active_name/ ? 16 : 15, $node->pg_version >= 16 ? 16 : 15, 'nor one that may have been used since');
}

# Without the library, indexes are built all the same.
make_database('bare', $schema_sql);
$node->append_conf('postgresql.conf', q{shared_preload_libraries = ''});
$node->restart;
like(said('bare', 'create extension elile_optimize'), $all_built, 'not preloaded, CREATE EXTENSION builds the set');
is(ask('bare', 'select count(*) from elile_optimize.index_set'), '18', 'which index_set shows');
my ($status, $out, $err) = $node->psql('bare', 'select elile_optimize.build_indexes()');
like($err, qr/shared_preload_libraries/, 'but a background build names the setting');
$node->stop;
done_testing();

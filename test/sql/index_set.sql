-- What index_set and index_status say of schemas in every state, by definition and not by name.
\set VERBOSITY terse
select name, table_name, definition from elile_optimize.index_set;
select count(*), count(distinct name), bool_and(serves <> '') from elile_optimize.index_set;

-- The columns that the indexes are on; `late` are those that the first migrations do not add.
create function make_tables(schema text, late boolean) returns void language plpgsql as $$
begin
    execute format('create schema %I', schema);
    perform set_config('search_path', quote_ident(schema) || ', pg_catalog', true);
    create table tenants (tenant_id uuid primary key, name varchar(255), is_active boolean);
    create table entities (entity_id uuid primary key, entity_type varchar(50), canonical_identifiers jsonb, created_at timestamptz);
    if late then
        alter table entities add tenant_id uuid, add data_origin varchar(50);
    end if;
    create table entity_profiles (entity_id uuid, version int, trigger_type varchar(50), findings jsonb, risk_score jsonb, created_at timestamptz);
    create table entity_relations (from_entity_id uuid, to_entity_id uuid, relation_type varchar(100), confidence_score double precision);
    create table audit_events (event_type varchar(100), severity varchar(20), tenant_id uuid, entity_id uuid, created_at timestamptz);
    create table cached_data_sources (entity_id uuid, provider_id varchar(100), check_type varchar(100), customer_id uuid,
        acquired_at timestamptz, freshness_status varchar(50), fresh_until timestamptz);
end $$;
create view states as
select state, count(*) from elile_optimize.index_status group by state;
create view now_with as
select name, state, covered_by, regexp_replace(verdict, '^\d+ scans?', 'n scans') as verdict, index_oid::regclass as index from elile_optimize.index_status;

-- No schema, no table, no late columns.
set elile_optimize.index_schema = 'nowhere';
select state, count(*), min(verdict) from elile_optimize.index_status group by state;
select make_tables('early', false);
set elile_optimize.index_schema = 'early';
select state, count from states order by state;
select name, verdict from elile_optimize.index_status where state = 'column missing';
select make_tables('app', true);
set elile_optimize.index_schema = 'app';
select state, count from states;
set search_path = app, public;

-- The same definition under another name, the set's name with another definition.
create index other_name on tenants (name) where is_active;
create index idx_audit_type_severity on audit_events (severity);
select * from now_with where name in ('idx_tenants_active_name', 'idx_audit_type_severity');
create index "Odd ""name" on audit_events (event_type, severity);
select * from now_with where name = 'idx_audit_type_severity';
-- Unique, backwards, wider, equal beside present.
create unique index idx_profile_version on entity_profiles (entity_id, version);
create index wider on entity_relations (to_entity_id, relation_type, from_entity_id);
create index idx_cache_entity_provider_check on cached_data_sources (entity_id, provider_id, check_type);
create index again on cached_data_sources (entity_id, provider_id, check_type);
select * from now_with where name in ('idx_profiles_entity_version_desc', 'idx_relations_to_type', 'idx_cache_entity_provider_check');
-- Predicates by what they mean.
create index p1 on cached_data_sources (entity_id, check_type) where freshness_status = any (array['stale', 'fresh']);
create index p2 on audit_events (created_at desc) where severity = 'critical' or severity = 'error' or severity = 'warning';
create index p3 on entity_relations (from_entity_id, to_entity_id) where confidence_score >= 0.850;
select * from now_with where index::text in ('p1', 'p2', 'p3');
drop index p1, p2, p3, other_name;
create index p1 on cached_data_sources (entity_id, check_type) where freshness_status in ('fresh', 'stale', 'expired');
create index p2 on audit_events (created_at desc) where severity in ('error', 'critical');
create index p3 on entity_relations (from_entity_id, to_entity_id) where confidence_score > 0.85;
create index p4 on tenants (name) where is_active = true;
create index p5 on tenants (name) where not is_active;
select * from now_with where name ~ 'active_entries|high|tenants_active';
-- Neither serves: other methods, operator classes, collations, expressions, fewer columns.
create index on audit_events using hash (tenant_id);
create index on entities using gin (canonical_identifiers jsonb_path_ops);
create index on entities (tenant_id uuid_ops) include (entity_type);
create index on entity_profiles (trigger_type collate "C", created_at desc);
create index on entity_profiles ((findings ->> 'a'));
create index on entity_profiles (trigger_type);
select * from now_with where name in ('idx_audit_tenant_timestamp_desc', 'idx_entities_canonical_identifiers_gin',
    'idx_entities_tenant_type', 'idx_profiles_trigger_created_desc', 'idx_profiles_findings_gin');

-- Left half-built, with its name and under another.
insert into tenants select gen_random_uuid(), 'twice', true from generate_series(1, 2);
drop index p4, p5;
create unique index concurrently idx_tenants_active_name on tenants (name) where is_active;
select * from now_with where name = 'idx_tenants_active_name';
drop index idx_tenants_active_name;
create unique index concurrently half on tenants (name) where is_active;
select * from now_with where name = 'idx_tenants_active_name';
drop index half;

-- Types, and things that are no tables.
select make_tables('types', true);
set elile_optimize.index_schema = 'types';
set search_path = types, public;
alter table entities alter canonical_identifiers type json, alter tenant_id type point using null, alter data_origin type text;
alter table tenants alter is_active type text;
alter table entity_relations alter confidence_score type numeric, alter relation_type type "char";
alter table audit_events alter severity type int using null;
create domain word as varchar(20);
alter table cached_data_sources alter freshness_status type word;
alter table entity_profiles rename to profiles_table;
create view entity_profiles as select * from profiles_table;
select name, state, verdict from elile_optimize.index_status;

-- Partitions: the parent's index counts, a partition's does not.
select make_tables('parts', true);
set elile_optimize.index_schema = 'parts';
set search_path = parts, public;
drop table audit_events;
create table audit_events (event_type varchar(100), severity varchar(20), tenant_id uuid, entity_id uuid, created_at timestamptz)
    partition by range (created_at);
create table audit_1 partition of audit_events default;
create index idx_audit_type_severity on audit_1 (event_type, severity);
create index on audit_events (entity_id, created_at desc);
create index only_parent on only audit_events (tenant_id, created_at desc);
select name, state, index_oid::regclass, verdict from elile_optimize.index_status where table_name = 'audit_events';

-- The upgrade script's part, by hand: no limit, none below it, all, again.
set client_min_messages = notice;
\set VERBOSITY default
set elile_optimize.index_schema = 'early';
set elile_optimize.inline_index_limit = 0;
select elile_optimize.build_small_indexes();
set elile_optimize.inline_index_limit = '1MB';
select elile_optimize.build_small_indexes();
select elile_optimize.build_small_indexes();
select state, count from states order by state;
set elile_optimize.index_schema = 'types';
select elile_optimize.build_small_indexes();
set elile_optimize.index_schema = 'parts';
select elile_optimize.build_small_indexes();
select count(*) from pg_index where indrelid = 'parts.audit_1'::regclass and indisvalid;
set elile_optimize.index_schema = 'nowhere';
select elile_optimize.build_small_indexes();
reset elile_optimize.inline_index_limit;

-- Anybody may look, and nobody but the owner may build.
create role elile_looker;
set role elile_looker;
set elile_optimize.index_schema = 'app';
select count(*), bool_and(verdict is not null) from elile_optimize.index_status;
select elile_optimize.build_small_indexes();
select elile_optimize.build_indexes(array['idx_profiles_findings_gin']);
reset role;
drop role elile_looker;
reset elile_optimize.index_schema;
reset search_path;
\set VERBOSITY terse
set client_min_messages = warning;
drop schema early, app, types, parts cascade;
drop view states, now_with;
drop function make_tables;

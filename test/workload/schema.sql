-- The application's six tables with the indexes that its own migrations leave.
create table tenants (
    tenant_id uuid primary key default gen_random_uuid(), name varchar(255) not null,
    slug varchar(100) not null unique, is_active boolean not null default true,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create unique index idx_tenant_slug on tenants (slug);
create index idx_tenant_active on tenants (is_active);
create index idx_tenant_created on tenants (created_at);

create table entities (
    entity_id uuid primary key, entity_type varchar(50) not null,
    canonical_identifiers jsonb not null, created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(), tenant_id uuid references tenants,
    data_origin varchar(50));
create index idx_entity_type on entities (entity_type);
create index idx_entity_created on entities (created_at);
create index idx_entity_tenant on entities (tenant_id);
create index idx_entity_data_origin on entities (data_origin);

create table entity_profiles (
    profile_id uuid primary key default gen_random_uuid(),
    entity_id uuid not null references entities on delete cascade, version int not null,
    trigger_type varchar(50) not null, trigger_id uuid, findings jsonb not null,
    risk_score jsonb not null, connections jsonb not null, connection_count int not null,
    data_sources_used jsonb not null, stale_data_used jsonb not null, previous_version int,
    delta jsonb, evolution_signals jsonb not null,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index idx_profile_entity on entity_profiles (entity_id);
create unique index idx_profile_version on entity_profiles (entity_id, version);
create index idx_profile_trigger on entity_profiles (trigger_type, trigger_id);
create index idx_profile_created on entity_profiles (created_at);

create table entity_relations (
    relation_id uuid primary key default gen_random_uuid(),
    from_entity_id uuid not null references entities, to_entity_id uuid not null references entities,
    relation_type varchar(100) not null,
    confidence_score double precision not null check (confidence_score between 0 and 1),
    discovered_in_screening uuid references entity_profiles,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index idx_from_entity on entity_relations (from_entity_id);
create index idx_to_entity on entity_relations (to_entity_id);
create index idx_relation_type on entity_relations (relation_type);

create table audit_events (
    audit_id uuid primary key default gen_random_uuid(), event_type varchar(100) not null,
    severity varchar(20) not null default 'info',
    tenant_id uuid references tenants on delete set null, user_id uuid,
    correlation_id uuid not null, entity_id uuid, resource_type varchar(50),
    resource_id varchar(255), event_data jsonb not null, ip_address varchar(45), user_agent text,
    created_at timestamptz not null default now());
create index idx_audit_tenant on audit_events (tenant_id);
create index idx_audit_correlation on audit_events (correlation_id);
create index idx_audit_type on audit_events (event_type);
create index idx_audit_entity on audit_events (entity_id);
create index idx_audit_created on audit_events (created_at);
create index idx_audit_severity on audit_events (severity);
create index idx_audit_resource on audit_events (resource_type, resource_id);

create table cached_data_sources (
    cache_id uuid primary key default gen_random_uuid(),
    entity_id uuid not null references entities on delete cascade,
    provider_id varchar(100) not null, check_type varchar(100) not null,
    data_origin varchar(50) not null, customer_id uuid references tenants on delete cascade,
    acquired_at timestamptz not null, freshness_status varchar(50) not null,
    fresh_until timestamptz not null, stale_until timestamptz not null,
    raw_response bytea not null, normalized_data jsonb not null,
    cost_incurred numeric(10,2) not null, cost_currency varchar(3) not null default 'USD',
    created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index idx_cache_entity_check on cached_data_sources (entity_id, check_type);
create index idx_cache_freshness on cached_data_sources (freshness_status, fresh_until);
create index idx_cache_provider on cached_data_sources (provider_id);
create index idx_cache_customer on cached_data_sources (customer_id);
create index idx_cache_origin on cached_data_sources (data_origin);

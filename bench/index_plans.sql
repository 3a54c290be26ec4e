-- The workload has 50 tenants, which are one page; an index on them shows at more.
insert into tenants (name, slug, is_active)
select 'Tenant ' || n, 'tenant-' || n, n % 10 <> 0 from generate_series(51, 20000) n;
analyze tenants;

-- What the application sends, and one statement for what each index of the set serves: for_index is
-- the one that the statement was written for, if any.
create table asked (id int generated always as identity, what text, for_index text, statement text);
insert into asked (what, for_index, statement) values
('entity by a canonical identifier', 'idx_entities_canonical_identifiers_gin',
 $$select entity_id from entities where canonical_identifiers @> '{"ssn": "000007919"}'$$),
('page of entities of a type, newest first', null,
 $$select entity_id from entities where entity_type = 'individual' order by created_at desc limit 50 offset 500$$),
('count by type', null, $$select entity_type, count(*) from entities group by entity_type$$),
('a tenant''s entities of a type', 'idx_entities_tenant_type',
 $$select entity_id from entities where tenant_id = md5('tenant 7')::uuid and entity_type = 'individual'$$),
('entities of an origin, newest first', 'idx_entities_origin_created',
 $$select entity_id from entities where data_origin = 'paid_external' order by created_at desc limit 100$$),
('entities of an origin since a time', 'idx_entities_origin_created',
 $$select count(*) from entities where data_origin = 'paid_external' and created_at > now() - interval '7 days'$$),
('latest profile of an entity', 'idx_profiles_entity_version_desc',
 $$select * from entity_profiles where entity_id = md5('entity 77')::uuid order by version desc limit 1$$),
('max(version) of an entity', null,
 $$select max(version) from entity_profiles where entity_id = md5('entity 77')::uuid$$),
('latest profiles of 50 entities', 'idx_profiles_entity_version_desc',
 $$select distinct on (entity_id) entity_id, version, risk_score from entity_profiles
   where entity_id = any (array(select md5('entity ' || n)::uuid from generate_series(1, 50) n)) order by entity_id, version desc$$),
('profile by entity and version', null,
 $$select * from entity_profiles where entity_id = md5('entity 77')::uuid and version = 2$$),
('profiles of a trigger type, newest first', 'idx_profiles_trigger_created_desc',
 $$select profile_id from entity_profiles where trigger_type = 'monitoring' order by created_at desc limit 20 offset 100$$),
('profiles by trigger_id', null,
 $$select profile_id from entity_profiles where trigger_id = md5('trigger 77')::uuid$$),
('profiles by trigger type and id', null,
 $$select profile_id from entity_profiles where trigger_type = 'monitoring' and trigger_id = md5('trigger 76')::uuid$$),
('search in findings', 'idx_profiles_findings_gin',
 $$select profile_id from entity_profiles where findings @> '{"reference": "F-777"}'$$),
('search in risk scores', 'idx_profiles_risk_score_gin',
 $$select profile_id from entity_profiles where risk_score @> '{"overall": 99, "band": 777}'$$),
('profiles of one entity (of 50, one by one)', null,
 $$select * from entity_profiles where entity_id = md5('entity 77')::uuid$$),
('profiles of 50 entities at once', null,
 $$select * from entity_profiles where entity_id = any (array(select md5('entity ' || n)::uuid from generate_series(1, 50) n))$$),
('50 entities joined with their profiles', null,
 $$select * from entities e join entity_profiles p using (entity_id)
   where e.entity_id = any (array(select md5('entity ' || n)::uuid from generate_series(1, 50) n))$$),
('relations from an entity', null,
 $$select * from entity_relations where from_entity_id = md5('entity 77')::uuid$$),
('relations to an entity', null,
 $$select * from entity_relations where to_entity_id = md5('entity 77')::uuid$$),
('relations to an entity of a type', 'idx_relations_to_type',
 $$select * from entity_relations where to_entity_id = md5('entity 77')::uuid and relation_type = 'employer'$$),
('relations between two entities of a type', 'idx_relations_bidirectional',
 $$select 1 from entity_relations where from_entity_id = md5('entity 77')::uuid
   and to_entity_id = md5('entity ' || 1 + (77 * 31 + 977) % 150000)::uuid and relation_type = 'employer'$$),
('relations between two entities above a confidence', 'idx_relations_bidirectional',
 $$select * from entity_relations where from_entity_id = md5('entity 77')::uuid
   and to_entity_id = md5('entity ' || 1 + (77 * 31 + 977) % 150000)::uuid and confidence_score >= 0.9$$),
('relations from an entity above a confidence', 'idx_relations_high_confidence',
 $$select * from entity_relations where from_entity_id = md5('entity 77')::uuid and confidence_score >= 0.85$$),
('two hops', null,
 $$select distinct b.to_entity_id from entity_relations a join entity_relations b on b.from_entity_id = a.to_entity_id
   where a.from_entity_id = md5('entity 77')::uuid$$),
('two hops of high confidence', 'idx_relations_high_confidence',
 $$select distinct b.to_entity_id from entity_relations a join entity_relations b on b.from_entity_id = a.to_entity_id
   where a.from_entity_id = md5('entity 77')::uuid and a.confidence_score >= 0.85 and b.confidence_score >= 0.85$$),
('a tenant''s audit log, page by page', 'idx_audit_tenant_timestamp_desc',
 $$select audit_id from audit_events where tenant_id = md5('tenant 7')::uuid order by created_at desc limit 50 offset 250$$),
('an entity''s audit trail', 'idx_audit_entity_timestamp_desc',
 $$select audit_id from audit_events where entity_id = md5('entity 77')::uuid order by created_at desc limit 50$$),
('audit events of a type and severity', 'idx_audit_type_severity',
 $$select * from audit_events where event_type = 'event.3' and severity = 'error'$$),
('how many audit events of a type and severity', 'idx_audit_type_severity',
 $$select count(*) from audit_events where event_type = 'event.3' and severity = 'info'$$),
('audit events of high severity since a time', 'idx_audit_high_severity',
 $$select audit_id from audit_events where severity in ('warning', 'error', 'critical')
   and created_at > now() - interval '2 days' order by created_at desc limit 100$$),
('an audit event is written', null,
 $$insert into audit_events (event_type, correlation_id, event_data) values ('event.1', gen_random_uuid(), '{}')$$),
('fresh cache entry', 'idx_cache_entity_provider_check',
 $$select cache_id from cached_data_sources where entity_id = md5('entity 77')::uuid and provider_id = 'provider-5'
   and check_type = 'check-2' and fresh_until > now()$$),
('usable cache entries of an entity and check', 'idx_cache_active_entries',
 $$select cache_id from cached_data_sources where entity_id = md5('entity 77')::uuid and check_type = 'check-2'
   and freshness_status in ('fresh', 'stale')$$),
('cache entries of an entity, newest first', null,
 $$select cache_id from cached_data_sources where entity_id = md5('entity 77')::uuid order by acquired_at desc$$),
('entries past their freshness are marked, in a batch', null,
 $$update cached_data_sources set freshness_status = 'stale' where cache_id in (
   select cache_id from cached_data_sources where freshness_status = 'fresh' and fresh_until < now() limit 500)$$),
('cost of a customer by provider over a period', 'idx_cache_cost_acquired',
 $$select provider_id, sum(cost_incurred) from cached_data_sources where customer_id = md5('tenant 7')::uuid
   and provider_id = 'provider-6' and acquired_at > now() - interval '60 days' group by provider_id$$),
('cost by customer and provider over a period', null,
 $$select customer_id, provider_id, sum(cost_incurred) from cached_data_sources
   where acquired_at > now() - interval '60 days' group by customer_id, provider_id$$),
('active tenants by name', 'idx_tenants_active_name',
 $$select tenant_id, name from tenants where is_active order by name limit 50$$),
('an active tenant by name', 'idx_tenants_active_name',
 $$select tenant_id from tenants where is_active and name = 'Tenant 7'$$);

create table planned (id int, with_set boolean, indexes text, cost double precision);
create function plan_all(with_set boolean) returns void language plpgsql as $$
declare
    one record;
    plan jsonb;
begin
    for one in select * from asked loop
        execute 'explain (format json) ' || one.statement into plan;
        insert into planned select one.id, with_set,
            (select string_agg(distinct name #>> '{}', ', ') from jsonb_path_query(plan, 'strict $.**."Index Name"') name),
            (plan #>> '{0,Plan,Total Cost}')::double precision;
    end loop;
end $$;

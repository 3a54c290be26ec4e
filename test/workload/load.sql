-- Rows enough that look-ups without a fitting index are slow. Ids are hashes of small numbers, so
-- that the workload can name a row without asking for it. scale multiplies their number; below 1 all
-- entities are there still, since other rows and the workload refer to them.
\if :{?scale} \else \set scale 1 \endif
insert into tenants (tenant_id, name, slug, is_active)
select md5('tenant ' || n)::uuid, 'Tenant ' || n, 'tenant-' || n, n % 10 <> 0
from generate_series(1, 50) n;
insert into entities
select md5('entity ' || n)::uuid, (array['individual', 'organization', 'address'])[1 + n % 3],
    jsonb_build_object('ssn', lpad((n * 7919 % 1000000000)::text, 9, '0'), 'name', 'Person ' || n,
                       'email', 'person' || n || '@example.com'),
    now() - n * interval '1 minute', now(), md5('tenant ' || 1 + n % 50)::uuid,
    (array['paid_external', 'customer_provided'])[1 + n % 2]
from generate_series(1, (150000 * greatest(:scale, 1))::int) n;
insert into entity_profiles (entity_id, version, trigger_type, trigger_id, findings, risk_score,
    connections, connection_count, data_sources_used, stale_data_used, evolution_signals, created_at)
select md5('entity ' || n)::uuid, v, (array['screening', 'monitoring', 'manual'])[1 + n % 3],
    md5('trigger ' || n)::uuid, jsonb_build_object('category', n % 20, 'severity', n % 5),
    jsonb_build_object('overall', n % 100), '[]', n % 7, '["registry"]', '[]', '{}',
    now() - (n * 3 + v) * interval '30 seconds'
from generate_series(1, (50000 * :scale)::int) n, generate_series(1, 2) v;
insert into entity_relations (from_entity_id, to_entity_id, relation_type, confidence_score)
select md5('entity ' || n)::uuid, md5('entity ' || 1 + (n * 31 + k * 977) % 150000)::uuid,
    (array['employer', 'family', 'associate'])[1 + (n + k) % 3], (n * 13 + k * 7) % 100 / 100.0
from generate_series(1, (50000 * :scale)::int) n, generate_series(1, 2) k;
insert into audit_events (event_type, severity, tenant_id, correlation_id, entity_id,
    resource_type, resource_id, event_data, created_at)
select 'event.' || n % 12, (array['info', 'info', 'info', 'info', 'debug', 'warning', 'error'])[1 + n % 7],
    md5('tenant ' || 1 + n % 50)::uuid, md5('correlation ' || n)::uuid,
    md5('entity ' || 1 + n % 150000)::uuid, 'entity', n::text, jsonb_build_object('step', n % 9),
    now() - n * interval '10 seconds'
from generate_series(1, (200000 * :scale)::int) n;
insert into cached_data_sources (entity_id, provider_id, check_type, data_origin, customer_id,
    acquired_at, freshness_status, fresh_until, stale_until, raw_response, normalized_data,
    cost_incurred)
select md5('entity ' || n)::uuid, 'provider-' || n % 8, 'check-' || n % 5,
    (array['paid_external', 'customer_provided'])[1 + n % 2], md5('tenant ' || 1 + n % 50)::uuid,
    now() - n * interval '1 minute', (array['fresh', 'fresh', 'stale', 'expired'])[1 + n % 4],
    now() + interval '1 day', now() + interval '7 days', '\x00', '{}', n % 500 / 100.0
from generate_series(1, (100000 * :scale)::int) n;
vacuum analyze;

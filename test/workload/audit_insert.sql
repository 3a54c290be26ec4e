\set n random(1, 150000)
\set t random(1, 50)
insert into audit_events (event_type, severity, tenant_id, correlation_id, entity_id, event_data)
values ('entity.viewed', 'info', md5('tenant ' || :t::int)::uuid, gen_random_uuid(),
        md5('entity ' || :n::int)::uuid, '{"source": "api"}');

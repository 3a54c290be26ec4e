\set n random(1, 150000)
select audit_id, event_type, created_at from audit_events
where entity_id = md5('entity ' || :n::int)::uuid order by created_at desc limit 50;

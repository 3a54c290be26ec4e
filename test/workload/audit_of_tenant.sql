\set n random(1, 50)
\set page random(0, 5)
select audit_id, event_type, created_at from audit_events
where tenant_id = md5('tenant ' || :n::int)::uuid order by created_at desc limit 50 offset :page * 50;

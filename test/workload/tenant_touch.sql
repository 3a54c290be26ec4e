\set n random(1, 50)
update tenants set updated_at = now() where tenant_id = md5('tenant ' || :n::int)::uuid;

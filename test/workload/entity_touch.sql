\set n random(1, 150000)
update entities set updated_at = now() where entity_id = md5('entity ' || :n::int)::uuid;

\set n random(1, 50000)
select max(version) from entity_profiles where entity_id = md5('entity ' || :n::int)::uuid;

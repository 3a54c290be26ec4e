\set n random(1, 50000)
select * from entity_profiles where entity_id = md5('entity ' || :n::int)::uuid
order by version desc limit 1;

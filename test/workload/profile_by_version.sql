\set n random(1, 50000)
\set v random(1, 2)
select * from entity_profiles where entity_id = md5('entity ' || :n::int)::uuid and version = :v;

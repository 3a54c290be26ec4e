\set page random(0, 10)
\set n random(1, 50000)
select profile_id, created_at from entity_profiles where trigger_type = 'monitoring'
order by created_at desc limit 20 offset :page * 20;
select profile_id from entity_profiles where trigger_id = md5('trigger ' || :n::int)::uuid;

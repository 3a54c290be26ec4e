\set n random(1, 50000)
select distinct b.to_entity_id from entity_relations a
join entity_relations b on b.from_entity_id = a.to_entity_id
where a.from_entity_id = md5('entity ' || :n::int)::uuid;

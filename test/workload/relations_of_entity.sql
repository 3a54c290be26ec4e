\set n random(1, 50000)
select * from entity_relations where from_entity_id = md5('entity ' || :n::int)::uuid and confidence_score >= 0.85;
select * from entity_relations where to_entity_id = md5('entity ' || :n::int)::uuid;

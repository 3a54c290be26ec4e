\set a random(1, 150000)
\set b random(1, 150000)
insert into entity_relations (from_entity_id, to_entity_id, relation_type, confidence_score)
values (md5('entity ' || :a::int)::uuid, md5('entity ' || :b::int)::uuid, 'associate', 0.9);

\set n random(1, 150000)
select entity_id, entity_type from entities
where canonical_identifiers @> jsonb_build_object('ssn', lpad((:n::bigint * 7919 % 1000000000)::text, 9, '0'));

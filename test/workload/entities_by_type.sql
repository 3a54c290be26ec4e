\set page random(0, 20)
select entity_id, created_at from entities where entity_type = 'individual'
order by created_at desc limit 50 offset :page * 50;

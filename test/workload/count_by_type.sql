select count(*) from entities where entity_type = 'organization';

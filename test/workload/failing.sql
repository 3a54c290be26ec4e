\set ON_ERROR_STOP off
set statement_timeout = '150ms';
select count(*) from entities a join entities b on a.entity_type = b.entity_type;
select count(*) from entities a join entities b on a.entity_type = b.entity_type;
reset statement_timeout;
insert into tenants (name, slug) values ('Tenant 1', 'tenant-1');
insert into tenants (name, slug) values ('Tenant 2', 'tenant-2');

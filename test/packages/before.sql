-- What the README's examples ask about: a role and a database, the application's tables, and a loop over the rows of
-- one statement. The loop is a file that psql makes, so that its statements are a client's own.
create role app login;
create database appdb;
insert into tenants (name, slug) values ('Acme', 'acme');
insert into entities (entity_id, entity_type, canonical_identifiers, tenant_id, data_origin)
select md5('entity ' || n)::uuid, 'individual', '{}', (select tenant_id from tenants where slug = 'acme'), 'paid_external'
from generate_series(1, 50) n;
insert into entity_profiles (entity_id, version, trigger_type, findings, risk_score, connections, connection_count,
    data_sources_used, stale_data_used, evolution_signals)
select entity_id, v, 'manual', '{}', '{}', '[]', 0, '[]', '[]', '{}' from entities, generate_series(1, 2) v;
set application_name = 'screening';
\t
\o /dev/null
\set parent 'select entity_id from entities where tenant_id = (select tenant_id from tenants where slug = \'acme\') limit 50;'
select format('select * from entity_profiles where entity_id = %L;', entity_id) from entities \g loop.sql
:parent
\i loop.sql
:parent
\i loop.sql
:parent
\o
\t
select parent_queryid, child_queryid from elile_optimize.n_plus_one \gset

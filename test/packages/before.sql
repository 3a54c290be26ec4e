-- What the README's examples ask about: a role and a database, rows of the application's, and a loop over the rows of
-- one statement, loop.sql.
create role app login;
create database appdb owner app;
insert into tenants (name, slug) values ('Acme', 'acme');
insert into entities (entity_id, entity_type, canonical_identifiers, tenant_id, data_origin)
select lpad(n::text, 32, '0')::uuid, 'individual', '{}', (select tenant_id from tenants where slug = 'acme'), 'paid_external'
from generate_series(1, 50) n;
insert into entity_profiles (entity_id, version, trigger_type, findings, risk_score, connections, connection_count,
    data_sources_used, stale_data_used, evolution_signals)
select entity_id, v, 'manual', '{}', '{}', '[]', 0, '[]', '[]', '{}' from entities, generate_series(1, 2) v;
set application_name = 'screening';
select elile_optimize.reset();
\o /dev/null
\i loop.sql
\i loop.sql
\i loop.sql
\o
select parent_queryid, child_queryid from elile_optimize.n_plus_one \gset

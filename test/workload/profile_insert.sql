\set n random(1, 50000)
\set v random(3, 1000000000)
insert into entity_profiles (entity_id, version, trigger_type, findings, risk_score, connections,
    connection_count, data_sources_used, stale_data_used, evolution_signals)
values (md5('entity ' || :n::int)::uuid, :v, 'monitoring', '{"category": 3}', '{"overall": 7}', '[]', 0, '[]', '[]', '{}')
on conflict do nothing;

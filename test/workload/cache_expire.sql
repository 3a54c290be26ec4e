\set n random(1, 99900)
update cached_data_sources set freshness_status = 'stale', updated_at = now()
where entity_id in (select md5('entity ' || g)::uuid from generate_series(:n::int, :n::int + 20) g)
  and freshness_status = 'fresh';

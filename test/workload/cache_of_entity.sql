\set n random(1, 100000)
select cache_id, acquired_at from cached_data_sources
where entity_id = md5('entity ' || :n::int)::uuid order by acquired_at desc;

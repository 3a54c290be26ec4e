\set n random(1, 100000)
select cache_id, normalized_data from cached_data_sources
where entity_id = md5('entity ' || :n::int)::uuid and provider_id = 'provider-' || :n::int % 8
  and check_type = 'check-' || :n::int % 5 and fresh_until > now();

select customer_id, provider_id, sum(cost_incurred) from cached_data_sources
where acquired_at > now() - interval '60 days' group by customer_id, provider_id;

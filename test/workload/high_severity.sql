select audit_id, event_type, severity from audit_events
where severity in ('warning', 'error', 'critical') and created_at > now() - interval '2 days'
order by created_at desc limit 100;

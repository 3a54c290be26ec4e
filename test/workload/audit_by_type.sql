\set n random(0, 11)
select count(*) from audit_events where event_type = 'event.' || :n::int and severity = 'error';

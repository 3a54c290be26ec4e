-- The index set, built in the background, cancelled or taken away again.
select elile_optimize.build_indexes();
select pg_sleep(random() * 3);
select elile_optimize.cancel_index_builds() where random() < 0.5;
select pg_sleep(random() * 3);
select format('drop index concurrently if exists %I', s.name) from elile_optimize.index_status s
    where s.index_oid is not null and random() < 0.7 \gexec

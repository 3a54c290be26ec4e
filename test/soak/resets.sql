-- Single statements are forgotten while they run; the witness forgets all, for it must know when.
select count(elile_optimize.reset(userid, dbid, queryid)) from (
    select userid, dbid, queryid from elile_optimize.statements
    where dbid <> (select oid from pg_database where datname = 'witness') order by random() limit 20) some;
select pg_sleep(random());

-- Tables that come and go, with all that is done to tables; what fails is meant to.
select (random() * 1e5)::int as n \gset
\set two soak :n
create schema if not exists many;
create table many.t:n (id int primary key, a text, b int) partition by range (id);
create table many.t:n:n partition of many.t:n for values from (0) to (1000);
insert into many.t:n select g, g::text, g % 7 from generate_series(1, 300) g;
create index on many.t:n (b);
alter table many.t:n add column c int default 3;
update many.t:n set b = b + 1 where id % 3 = 0;
merge into many.t:n t using generate_series(290, 310) g on t.id = g
    when matched then delete when not matched then insert (id) values (g);
create view many.v:n as select b, count(*) from many.t:n group by b;
select * from many.v:n;
create materialized view many.m:n as select * from many.v:n;
refresh materialized view many.m:n;
begin;
savepoint one;
insert into many.t:n values (1, 'twice');
rollback to one;
declare c cursor for select * from many.t:n;
fetch 10 from c;
move 5 in c;
close c;
prepare transaction :'two';
rollback prepared :'two';
copy many.t:n to '/dev/null';
select id, b / (id - 7) from many.t:n;
prepare many as select count(*) from many.t:n where id > $1;
execute many(3);
execute many(30);
explain (costs off) execute many(3);
deallocate many;
create temp table own as select * from many.t:n;
create temp table own_too (like own) on commit drop;
create index on own (a);
analyze own;
select count(*) from own o join many.t:n t using (id);
set work_mem = '64kB';
select a, b from generate_series(1, 3000) a, own order by a + own.id limit 3;
truncate own;
discard temp;
create function pg_temp.f(n int) returns int language plpgsql as $$
begin
    perform 1 / (n - 3);
    return n;
exception when others then
    return 0;
end $$;
select sum(pg_temp.f(g)) from generate_series(1, 20) g;
vacuum many.t:n;
alter table many.t:n detach partition many.t:n:n;
drop table if exists many.t:n cascade;
drop table if exists many.t:n:n cascade;
select format('drop table %s cascade', oid::regclass) from pg_class
    where relnamespace = 'many'::regnamespace and relkind in ('r', 'p') order by random() limit 2 \gexec

-- What the statements of shapes.txt need.
create table t1 (id int, v text, n int);
create table t2 (id int, v text, n int);
create table t3 (id int, v text, n int);
create table unique_1 (id int primary key, v text);
create table log (id int, v text);
create schema other;
create table other.t1 (id int);
create schema "Mixed Case";
create table "Mixed Case"."A table" (id int);
create sequence numbers;
create materialized view stored as select * from t1;

-- Children: partitions count as their topmost parent, those that inherit count as themselves.
create table part (id int, at int) partition by range (id);
create table part_a partition of part for values from (0) to (10) partition by range (at);
create table part_a1 partition of part_a for values from (0) to (10);
create table part_b partition of part for values from (10) to (20);
create table hashed (id int) partition by hash (id);
create table hashed_0 partition of hashed for values with (modulus 2, remainder 0);
create table hashed_1 partition of hashed for values with (modulus 2, remainder 1);
create table base (id int, v text);
create table kid (more int) inherits (base);
create table grandkid () inherits (kid);
create table parent (id int primary key);
create table child (id int primary key, parent_id int references parent on delete cascade on update cascade);

-- Functions: those of the first three are put in line by the planner.
create function inlined() returns setof t1 language sql stable as 'select * from t1';
create function inlined_with(int) returns setof t1 language sql stable as 'select * from t1 where id = $1';
create function inlined_table() returns table (id int, v text) language sql stable as 'select t2.id, t2.v from t2, t3';
create function not_inlined() returns setof t1 language sql volatile as 'select * from t1';
create function in_plpgsql() returns setof t1 language plpgsql as 'begin return query select * from t1; end';
create function as_definer() returns setof t1 language sql stable security definer as 'select * from t1';
create function counted() returns bigint language sql stable as 'select count(*) from t1';
create function plus_one(int) returns int language sql immutable as 'select $1 + 1';
create function writes() returns int language sql as 'insert into t1 values (1); select 1';

-- Views.
create view v1 as select * from t1;
create view v_of_view as select * from v1;
create view v_join as select t2.id, t2.v, t2.n from t2 join t1 using (id);
create view v_cte as with a as (select * from t1) select a.id, a.v, a.n from a join t2 using (id);
create view v_cte_of_cte as with a as (select * from t1), b as (select * from a) select b.id from b join t2 using (id);
create view v_recursive as
    with recursive r as (select id from t3 union all select t1.id from r join t1 using (id)) select * from r;
create view v_union as select id from t3 union all select id from t1;
create view v_values as values (1), (2);
create view v_function as select * from inlined();
create view v_function_join as select f.id from not_inlined() f join t2 using (id);
create view v_grouped as select n, count(*) as many from t2 group by n;
create view v_barrier with (security_barrier) as select * from t2 where id > 0;
create view v_exists as select exists (select 1 from t3) as there;
create view v_checked as select * from t1 where id >= 0 with check option;
create view v_checked_2 as select id, v from v_checked where id < 100;
create view v_kept as select t1.id, t2.v from t1 join t2 using (id);
create function keep() returns trigger language plpgsql as 'begin return new; end';
create trigger keep instead of insert or update or delete on v_kept for each row execute function keep();
create view v_ruled as select t1.id, t2.v from t1 join t2 using (id);
create rule v_ruled_insert as on insert to v_ruled do instead insert into t3 (id) values (new.id);
create rule v_ruled_update as on update to v_ruled do instead update t2 set v = new.v where id = old.id;
create rule v_ruled_delete as on delete to v_ruled do instead delete from t3 where id = old.id;

-- Row security holds for the owner of a view.
create role reader;
create table secret (id int, owner text);
alter table secret enable row level security;
create policy own on secret using (exists (select 1 from t2 where t2.v = owner));
grant select, insert, update, delete on secret, t1, t2, t3 to reader;
grant create on schema public to reader;
set role reader;
create view v_secret as select * from secret;
create view v_secret_join as select s.id from secret s join t3 using (id);
create view v_secret_behind as select t3.id from t3 join secret s using (id);
reset role;

-- Rules and triggers.
create table ruled (id int, v text, gone bool);
create rule ruled_insert as on insert to ruled do also insert into log values (new.id, new.v);
create rule ruled_update as on update to ruled do also insert into log values (new.id, new.v);
create rule ruled_delete as on delete to ruled do instead update ruled set gone = true where id = old.id;
create table sent_on (id int, v text);
create rule sent_on_insert as on insert to sent_on do instead insert into t3 (id, v) values (new.id, new.v);
create rule sent_on_update as on update to sent_on do instead (insert into log values (new.id, new.v); update t2 set v = new.v);
create table partly (id int, v text);
create rule partly_insert as on insert to partly where new.id < 0 do instead insert into log values (new.id, new.v);
create table emptied (id int);
create rule emptied_log as on delete to emptied do also delete from log where id = old.id;
create rule emptied_none as on delete to emptied do instead nothing;
create table watched (id int, v text);
create function note() returns trigger language plpgsql as 'begin insert into log values (1, tg_op); return null; end';
create trigger note after insert or update or delete on watched for each statement execute function note();

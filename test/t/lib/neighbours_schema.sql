create role neighbour;
create schema work;
create table work.item (id int primary key, name text not null, n int check (n >= 0));
create table work.part (id int primary key, item_id int not null references work.item);
create table work.note (what text);
create table work.big (id int, n int) with (parallel_workers = 2);
insert into work.item select g, 'item ' || g, g from generate_series(1, 20) g;
insert into work.part select g, g from generate_series(1, 20) g;
insert into work.big select g, g from generate_series(1, 20000) g;
analyze;
create function work.note() returns trigger language plpgsql as $$
begin
    insert into work.note values (tg_op);
    return new;
end $$;
create trigger note after insert on work.item for each row execute function work.note();
create function work.adds(wanted int) returns int language plpgsql as $$
declare
    found int;
begin
    insert into work.item values (wanted, 'added', 1) returning id into found;
    return found;
end $$;
create function work.fails(wanted int) returns int language plpgsql as $$
begin
    insert into work.item values (wanted, 'failed', 1);
    return 1 / (wanted - wanted);
end $$;
create function work.catches(wanted int) returns text language plpgsql as $$
begin
    insert into work.item values (wanted, 'caught', -1);
    return 'none';
exception when check_violation then
    insert into work.note values ('caught');
    return sqlstate;
end $$;
create function work.sleeps() returns void language plpgsql as $$
begin
    perform id from work.item where pg_sleep(600) is null;
end $$;
create function work.ends() returns void language plpgsql as $$
begin
    update work.item set n = n where case when pg_terminate_backend(pg_backend_pid()) then pg_sleep(600) is null end;
end $$;
create function work.counts(wanted text) returns bigint language sql volatile as $$
    insert into work.note values (wanted);
    select count(*) from work.note where what = wanted
$$;
create procedure work.commits(upto int) language plpgsql as $$
begin
    for i in 1 .. upto loop
        insert into work.note values ('committed');
        commit;
    end loop;
end $$;
create materialized view work.names as select id, name from work.item;

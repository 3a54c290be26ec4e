create table a (id int primary key, name text, n numeric, big bigint)
create table b (id int primary key, a_id int references a, kind varchar(9), f float8, "Key" int)
create table c (id bigint primary key, b_id int references b, tags text[], parent int)
create view vb as select * from b where f is not null
insert into a select g, 'name ' || g, g / 2.0, g from generate_series(1, 8) g
insert into b select g, g % 8 + 1, case when g % 3 = 0 then 'x' else 'y' end, g, g % 4 from generate_series(1, 30) g
insert into c select g, g % 30 + 1, array['t'], g % 3 from generate_series(1, 40) g
create table t (i int, f float8, r float4, n numeric, s text, v varchar(5), c char(3), b bool)
insert into t select g, g / 10.0, g / 10.0, g / 10.0, substr('abcd', g, 1), substr('ab ', g, 2), substr('ab', g, 1), g % 2 = 0 from generate_series(-16, 16) g
insert into t values (null, 'NaN', 'NaN', 'NaN', 'a ', 'a', 'abc', null), (1, '1e300', 1e30, 1e30, '', '', '', true)
insert into t values (3, 0.1, 0.1, 0.1, null, null, null, null), (0, -1.5, -1.5, -1.5, 'abc', 'b', 'a', false)
insert into t values (2147483647, 100000000000000.1, 3, 123456789012345678.5, 'b', 'c', 'd', true), (1, 3, 3, 3, 'a', 'a', 'a', true)

create table entity (id int primary key, name text);
create table profile (id int primary key, entity_id int not null references entity, kind text);
create table version (id int primary key, profile_id int not null references profile);
insert into entity select g, 'entity ' || g from generate_series(1, 50) g;
insert into profile select g, (g - 1) / 3 + 1, 'p' from generate_series(1, 150) g;
insert into version select g, (g - 1) / 2 + 1 from generate_series(1, 300) g;
analyze;

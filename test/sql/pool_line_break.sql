-- A name with a line break, which an ini cannot hold; 19 has no such databases.
create database "two
lines" template template0;
select elile_optimize.pgbouncer_config('production', E'two\nlines');
drop database "two
lines";

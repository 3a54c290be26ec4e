-- What replaces an N+1 pattern: the child's text edited, run, and compared row by row.
create extension if not exists elile_optimize;
select elile_optimize.reset();
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
create schema shop;
create table shop.authors (id int primary key, name text, "Größe" int, mentor_id int references shop.authors);
create table shop."Books" (
    "bookId" int primary key, author_id int references shop.authors, title varchar(50), price numeric,
    "année" int, ref uuid, code char(3));
create table shop.sales (author_id int, year int, copies int, primary key (author_id, year));
create table shop.reviews (
    author_id int, year int, text text, foreign key (author_id, year) references shop.sales);
insert into shop.authors select g, 'author ' || g, g % 3, nullif(g % 4, 0) from generate_series(1, 20) g;
insert into shop."Books"
select g, 1 + g % 19, 'title ' || g % 7, g, 1990 + g % 5, md5('book ' || g % 30)::uuid, 'c' || g % 10
from generate_series(1, 60) g;
insert into shop.sales select a, 2000 + y, a * y from generate_series(1, 20) a, generate_series(1, 3) y;
insert into shop.reviews select 1 + g % 20, 2001 + g % 3, 'review ' || g from generate_series(1, 50) g;
analyze shop.authors, shop."Books", shop.sales, shop.reviews;
set search_path = shop;

create function id_of(text) returns bigint language sql set search_path = shop as
$$ select queryid from elile_optimize.statements where query = $1 and userid = current_user::regrole and toplevel and operation <> 'utility' $$;
create function verify(parent text, child text, keys text[] default null, parent_parameters text[] default null,
                       child_parameters text[] default null)
returns table (form text, keys_used bigint, rows_one_by_one bigint, rows_at_once bigint, same_rows boolean, statement text)
language sql as $$
select v.form, v.keys_used, v.rows_one_by_one, v.rows_at_once, v.same_rows, v.statement
from elile_optimize.verify_n_plus_one(id_of($1), id_of($2), $3, $4, $5, '1 min') v $$;
-- The parents.
select id, name from authors \g /dev/null
select id from authors where id < 15 \g /dev/null
select author_id, year from sales \g /dev/null
\set parent 'select id, name from authors'

\echo overloads
create function kind(id int, given text) returns text language sql immutable as $$ select 'text' $$;
create function kind(id int, given numeric) returns text language sql immutable as $$ select 'number' $$;
select kind("bookId", 1.5) as kind, "bookId" / 2.0 as half from "Books" where author_id = 3 limit 2;
select form, keys_used, rows_one_by_one, rows_at_once, same_rows
    from verify(:'parent', 'select kind("bookId", $1) as kind, "bookId" / $2 as half from "Books" where author_id = $3 limit $4', null, null, '{1.5, 2.0, null, 2}');
-- A parameter's own type.
prepare by_price(numeric, int8) as select kind("bookId", $1) from "Books" where author_id = $2;
execute by_price(1.5, 3) \g /dev/null
select form, keys_used, rows_one_by_one, rows_at_once, same_rows
    from verify(:'parent', 'prepare by_price(numeric, int8) as select kind("bookId", $1) from "Books" where author_id = $2', null, null, '{1.5, null}');
-- In another search_path the text is another statement.
create schema other;
create table other."Books" (author_id int, title text);
select title from "Books" where author_id = 3 \g /dev/null
set search_path = other, shop;
select * from verify(:'parent', 'select title from "Books" where author_id = $1');
set search_path = shop;
drop schema other cascade;
\echo the list
select * from "Books" where author_id = 3 \g /dev/null
select * from verify(:'parent', 'select * from "Books" where author_id = $1');
select title from "Books" where author_id = 3 \g /dev/null
select * from verify(:'parent', 'select title from "Books" where author_id = $1');
\echo a parent and a child with other parameters
select b.title from "Books" as b where b.price > 5 and b.author_id = 3 and b.title <> 'x' \g /dev/null
select * from verify('select id from authors where id < $1', 'select b.title from "Books" as b where b.price > $1 and b.author_id = $2 and b.title <> $3',
    null, '{15}', '{5,null,x}');
\echo turned round, with a cast, in several lines, with a comment, in parentheses
select "Books".title, "Books"."bookId" from "Books" where 3 = "Books".author_id \g /dev/null
select * from verify(:'parent', 'select "Books".title, "Books"."bookId" from "Books" where $1 = "Books".author_id');
select title, year
from /* the sales too */ "Books" b -- of the same author
  join sales s on s.author_id = b.author_id
where (b.author_id = 3::int)
  and s.year > 2001 \g /dev/null
select * from verify(:'parent', E'select title, year\nfrom "Books" b join sales s on s.author_id = b.author_id\nwhere (b.author_id = $1::int)\n  and s.year > $2', null, null, '{1,2001}');
select title from "Books" where '3'::int = author_id \g /dev/null
select * from verify(:'parent', 'select title from "Books" where $1::int = author_id');
select code from "Books" where author_id = cast('3' as int) and price > 1 \g /dev/null
select * from verify(:'parent', 'select code from "Books" where author_id = cast($1 as int) and price > $2', null, null, '{1,1}');
select code, title from "Books" where cast(3 as int) = author_id \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select code, title from "Books" where cast($1 as int) = author_id');
select title from "Books" where price = 3::double precision \g /dev/null
select * from verify(:'parent', 'select title from "Books" where price = $1::double precision', '{3,4}');
\echo other names
select "année", extract(year from now()) is distinct from 3 from shop."Books" where shop."Books"."année" = 1991 and title <> 'é' \g /dev/null
select * from verify(:'parent', 'select "année", extract(year from now()) is distinct from $1 from shop."Books" where shop."Books"."année" = $2 and title <> $3',
    '{1991,1992}', null, '{3,null,é}');
select "Größe" from authors where "Größe" = 1 \g /dev/null
select * from verify(:'parent', 'select "Größe" from authors where "Größe" = $1', '{0,1,2,7}');
\echo types: uuid, varchar, char
select title from "Books" where ref = '00000000-0000-0000-0000-000000000001'::uuid \g /dev/null
select * from verify(:'parent', 'select title from "Books" where ref = $1::uuid', array[md5('book 1'), upper(md5('book 2')), md5('book 2')]);
select price from "Books" where title = 'title 1' \g /dev/null
select * from verify(:'parent', 'select price from "Books" where title = $1', '{title 1,title 2}');
select price from "Books" where code = 'c1' limit 2 \g /dev/null
select * from verify(:'parent', 'select price from "Books" where code = $1 limit $2', '{c1,c2}', null, '{c1,2}');
\echo to one: a unique key needs no LIMIT
select name from authors where id = 3 order by name limit 21 \g /dev/null
select author_id, title from "Books" \g /dev/null
select * from verify('select author_id, title from "Books"', 'select name from authors where id = $1 order by name limit $2', null, null, '{1,21}');

\echo what is of each key: the lateral join
select title from "Books" where author_id = 3 order by title, price limit 2 \g /dev/null
select * from verify(:'parent', 'select title from "Books" where author_id = $1 order by title, price limit $2', null, null, '{3,2}');
select title from "Books" where author_id = 3 order by title \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select title from "Books" where author_id = $1 order by title');
select count(*), max(price) from "Books" where author_id = 3 \g /dev/null
select * from verify(:'parent', 'select count(*), max(price) from "Books" where author_id = $1');
select title, count(*) from "Books" where author_id = 3 group by title having count(*) > 0 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select title, count(*) from "Books" where author_id = $1 group by title having count(*) > $2', null, null, '{1,0}');
select distinct code from "Books" where author_id = 3 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select distinct code from "Books" where author_id = $1');
select rank() over (order by price) from "Books" where author_id = 3 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select rank() over (order by price) from "Books" where author_id = $1');
with key as (select * from "Books" where author_id = 3) select title from key \g /dev/null
select form, same_rows, statement from verify(:'parent', 'with key as (select * from "Books" where author_id = $1) select title from key');
select title from "Books" where author_id = 3 union select name from authors where id = 4 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select title from "Books" where author_id = $1 union select name from authors where id = $2', '{{3,4},{5,6}}');
select title, 3 as parent from "Books" where author_id = 3 or price = 4 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select title, $1 as parent from "Books" where author_id = $2 or price = $3', '{{a,3,4},{b,5,6}}');
select title from "Books" where abs(author_id) = 3 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select title from "Books" where abs(author_id) = $1', '{3,4}');
select (select max(name) from authors where id = 3) from "Books" where "bookId" = 3 \g /dev/null
\echo a key that is computed: as one value
select code, ref from "Books" where price > 3 and author_id = abs(-'3'::int) + 1 and title <> 'x' \g /dev/null
select * from verify(:'parent', 'select code, ref from "Books" where price > $1 and author_id = abs(-$2::int) + $3 and title <> $4', null, null, '{3,null,x}');
select ref, code from "Books" where lower('TITLE' || ' 1') = title and price > 3 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select ref, code from "Books" where lower($1 || $2) = title and price > $3', '{title 1,title 2}', null, '{null,3}');
prepare computed(int) as select ref, price from "Books" where author_id = abs($1) and price > $1;
execute computed(3) \g /dev/null
select form, same_rows, statement from verify(:'parent', 'prepare computed(int) as select ref, price from "Books" where author_id = abs($1) and price > $1', '{3,4}');
select ref, title from "Books" where ref = md5('book ' || "bookId")::uuid and code = 'c' || '3' \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select ref, title from "Books" where ref = md5($1 || "bookId")::uuid and code = $2 || $3', '{c3,c4}', null, '{book }');
\echo prepared: as it was sent
prepare twice(int, numeric) as select title, $1 as again from "Books" where author_id = $1 and price > $2;
execute twice(3, 5) \g /dev/null
select form, same_rows, statement from verify(:'parent', 'prepare twice(int, numeric) as select title, $1 as again from "Books" where author_id = $1 and price > $2',
    null, null, '{1,5}');
prepare one(int) as select code, price from "Books" where author_id = $1;
execute one(3) \g /dev/null
select form, same_rows, statement from verify(:'parent', 'prepare one(int) as select code, price from "Books" where author_id = $1');
\echo a subselect in the list and in FROM
select form, same_rows, statement from verify(:'parent', 'select (select max(name) from authors where id = $1) from "Books" where "bookId" = $2', '{3,4}', null, '{5}');
select t.title from (select * from "Books" where price > 3) t where t.author_id = 3 \g /dev/null
select form, same_rows, statement from verify(:'parent', 'select t.title from (select * from "Books" where price > $1) t where t.author_id = $2', '{3,4}', null, '{5}');

\echo several parameters: of a foreign key, and of none
select text from reviews where author_id = 3 and year = 2001 \g /dev/null
select * from verify('select author_id, year from sales', 'select text from reviews where author_id = $1 and year = $2');
select title from "Books" where title = 'title 1' and code = 'c1' \g /dev/null
select * from verify(:'parent', 'select title from "Books" where title = $1 and code = $2', '{{title 1,c1},{title 2,c2}}');
select title from "Books" where title = 'title 1' and author_id = 1 \g /dev/null
select * from verify(:'parent', 'select title from "Books" where title = $1 and author_id = $2', null, null, '{title 1}');
\echo through a view
create view books_of as select author_id, title from "Books" where price > 3;
select title from books_of where author_id = 3 \g /dev/null
select * from verify(:'parent', 'select title from books_of where author_id = $1', '{3,4,5}');

\echo in the view, where the pattern was found: what verify_n_plus_one runs, word by word
create function loop(child text) returns setof text language sql as
$$ select format(child, g) from generate_series(1, 12) g $$;
select author_id, title from "Books" where price < 13 \g /dev/null
\set ECHO none
\pset tuples_only on
\o /dev/null
select id, name from authors;
select loop('select code, price from "Books" where author_id = %s') \gexec
select id, name from authors;
select loop('select count(*) from "Books" where author_id = %s and price > 3') \gexec
select author_id, title from "Books" where price < 13;
select loop('select name, "Größe" from authors where id = %s limit 21') \gexec
select author_id, year from sales;
select loop('select text, year from reviews where author_id = %s and year = 2001') \gexec
select id, name from authors;
select loop('select name, id from authors where id = %s for share') \gexec
select id, name from authors;
select loop('select name, id from authors where id = %s order by 2') \gexec
select id, name from authors;
select loop('select code, ref from "Books" where author_id = %s and price not in (' ||
    (select string_agg(g::text, ',') from generate_series(1, 4000) g) || ')') \gexec
\o
\pset tuples_only off
\set ECHO all
select left(child_query, 90) as child, runs_per_occurrence as runs, evidence,
    cost_before > 0 and cost_after > 0 as has_costs, suggestion
from elile_optimize.n_plus_one order by first_seen;
select n.child_query, v.form, v.same_rows, position(v.statement || ';' in n.suggestion) > 0 as is_suggested
from elile_optimize.n_plus_one n,
    elile_optimize.verify_n_plus_one(n.parent_queryid, n.child_queryid, null, '{13}', '{1,21}') v
where n.child_query not like all ('{%order by $2%,%for share%,%not in%}') order by n.first_seen, v.form;
\echo run as a person would run them
select 'prepare at_once as ' || statements[2] as at_once, 'prepare joined as ' || statements[3] as joined
from elile_optimize.n_plus_one, regexp_split_to_array(suggestion, E'--[^\n]*\n?') statements
where child_query = 'select code, price from "Books" where author_id = $1' \gset
:at_once
:joined
execute at_once('{3,4}');
create temp table one_by_one as select a.id, b.code, b.price from authors a left join "Books" b on b.author_id = a.id;
create temp table joined as execute joined;
select count(*), count(*) = (select count(*) from one_by_one) as as_many from joined;
select id, code, price from joined except table one_by_one;

\echo what is not verified
\set VERBOSITY default
select name from authors where id = 3 for update \g /dev/null
select * from verify(:'parent', 'select name from authors where id = $1 for update', '{3}');
select name, random() from authors where id = 3 \g /dev/null
select * from verify(:'parent', 'select name, random() from authors where id = $1', '{3}');
create view lucky as select * from authors where random() < 2;
select name from lucky where id = 3 \g /dev/null
select * from verify(:'parent', 'select name from lucky where id = $1', '{3}');
select name from authors where id = 3 order by 1 \g /dev/null
select * from verify(:'parent', 'select name from authors where id = $1 order by $2', '{3}', null, '{3,1}');
insert into reviews values (1, 2001, 'new') returning text \g /dev/null
select * from verify(:'parent', 'insert into reviews values ($1, $2, $3) returning text', '{3}');
with w as (insert into reviews values (1, 2001, 'new') returning text) select * from w \g /dev/null
select * from verify(:'parent', 'with w as (insert into reviews values ($1, $2, $3) returning text) select * from w', '{{1,2,3}}');
select name from authors \g /dev/null
select * from verify(:'parent', 'select name from authors', '{3}');
select name from authors where id = 3 and interval '1 day' > '1 s' \g /dev/null
select * from verify(:'parent', 'select name from authors where id = $1 and interval $2 > $3', '{3}');
select format('select title /* %s */ from "Books" where author_id = 3 and title not in (%s)', 'long',
    (select string_agg(quote_literal(g), ',') from generate_series(1, 4000) g)) as long \gset
:long \g /dev/null
select queryid as long from elile_optimize.statements where query like 'select title from "Books" where author_id = $1 and title not in%' \gset
select form from elile_optimize.verify_n_plus_one(null, :long, '{3}');
\echo a function that writes behind a promise not to
create function writes(int) returns int stable language plpgsql as $$
begin perform * from cheats($1); return $1; end $$;
create function cheats(int) returns int volatile language plpgsql as $$
begin insert into reviews values (1, 2001, 'cheated'); return $1; end $$;
begin; select name, writes(id) from authors where id = 3 \g /dev/null
rollback;
select * from verify(:'parent', 'select name, writes(id) from authors where id = $1', '{3}');
select count(*) from reviews where text = 'cheated';

\echo what is missing
select elile_optimize.verify_n_plus_one(1, 2);
select elile_optimize.verify_n_plus_one(1, null);
select elile_optimize.verify_n_plus_one(null, id_of('select title from "Books" where author_id = $1'));
select * from verify('select id from authors where id < $1', 'select title from "Books" where author_id = $1');
select * from verify('select id from authors where id < $1', 'select title from "Books" where author_id = $1', null, '{}');
select * from verify(:'parent', 'select title from "Books" where title = $1 and author_id = $2');
select * from verify(:'parent', 'select title from "Books" where author_id = $1', '{x}');
select * from verify(:'parent', 'select title from "Books" where author_id = $1', '{}');
select * from verify(:'parent', 'select title from "Books" where author_id = $1', '{null}');
select * from verify('select author_id, year from sales', 'select text from reviews where author_id = $1 and year = $2', '{1}');
select elile_optimize.verify_n_plus_one(null, id_of('select title from "Books" where author_id = $1'), '{1}', timeout => '0');
select elile_optimize.verify_n_plus_one(null, id_of('select title from "Books" where author_id = $1'), '{1}', timeout => '1 month');
create function naps(int) returns int stable language sql as $$ select $1 from pg_sleep(10) $$;
select name from authors where id = 0 and naps(id) = 1 \g /dev/null
select form from elile_optimize.verify_n_plus_one(null, id_of('select name from authors where id = $1 and naps(id) = $2'), '{1}', child_parameters => '{1,1}', timeout => '50 ms');
select 1 as alive;

\echo rights: one's own statements with one's own rights
create role elile_clerk;
grant usage on schema shop to elile_clerk;
grant select on authors, "Books" to elile_clerk;
set role elile_clerk;
select id from authors order by id \g /dev/null
select price from "Books" where author_id = 3 \g /dev/null
select form, same_rows from verify('select id from authors order by id', 'select price from "Books" where author_id = $1');
\set VERBOSITY sqlstate
select elile_optimize.verify_n_plus_one(null, :long, '{3}');
reset role;
select queryid as clerks from elile_optimize.statements where query = 'select price from "Books" where author_id = $1' \gset
select elile_optimize.verify_n_plus_one(null, :clerks, '{3}');
\set VERBOSITY terse
revoke select on "Books" from elile_clerk;
set role elile_clerk;
select form, same_rows from elile_optimize.verify_n_plus_one(null, :clerks, '{3}');
reset role;
drop view books_of;
alter table "Books" rename to old_books;
select form from elile_optimize.verify_n_plus_one(null, id_of('select title from "Books" where author_id = $1'), '{3}');
reset search_path;
set client_min_messages = warning;
drop schema shop cascade;
drop role elile_clerk;

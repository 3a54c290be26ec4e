-- No literal of a statement is in its text, comments neither; what is no literal stays.
create extension if not exists elile_optimize;
select elile_optimize.reset();
select 'secret', E'se\'cret', U&'s\00e9cret', B'101', X'ff', $$secret$$, $tag$secret$tag$, 42, 4.2e1 /* secret */;
select -- secret
    "Column ""x""", v::text from (select 1 as "Column ""x""") s, (select null) as n(v) where v is null;
prepare q(text) as select $1::varchar(10) || 'secret'
    'continued';
execute q('secret');
create role elile_secret password 'secret';
alter role elile_secret password 'secret';
drop role elile_secret;
do $$ begin perform 'secret'; end $$;
select repeat('x', 3) as one \; select 'secret' as two ;
deallocate all;
select query from elile_optimize.statements where query not like '%reset%' order by query collate "C";

-- A long text is kept to its first 16 kB.
set elile_optimize.track = 'all';
do $$ begin execute 'select 1 where 1 in (1' || repeat(', 1', 8000) || ')'; end $$;
reset elile_optimize.track;
select max(octet_length(query)) from elile_optimize.statements;
select texts_cut > 0 as counted from elile_optimize.info;

-- A literal may touch words; its parameter does not.
select elile_optimize.reset();
select date'2020-01-01' is null as touches where 'secret'='secret'and 1=2;
select query from elile_optimize.statements where query like '%touches%' and query not like '%like%';

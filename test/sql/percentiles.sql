-- Percentiles of a statement, one and several at once, of what the caller may see.
select elile_optimize.reset();
create table sampled (id int);
create role elile_sampler_0;
grant select on sampled to public;
set role elile_sampler_0;
select id from sampled where id > 0;
select id from sampled where id > 0;
reset role;
select queryid as once from elile_optimize.statements where query = 'select id from sampled where id > $1' \gset
select elile_optimize.percentiles(:once, array[0.5, 1]) = array[elile_optimize.percentile(:once, 0.5), elile_optimize.percentile(:once, 1)] as alike;
select array_dims(p) as dims, p[0][1] is null as null_stays, p[0][0] <= p[1][0] as rises, p[1][1] = p[1][0] as same
from elile_optimize.percentiles(:once, '[0:1][0:1]={{0.01,null},{1,1}}'::double precision[]) p;
select elile_optimize.percentiles(:once, '{}'::double precision[]) as none,
    elile_optimize.percentiles(:once, array[null]::double precision[]) as of_null,
    elile_optimize.percentiles(:once, null::double precision[]) is null as null_is_null,
    elile_optimize.percentiles(1, array[0.5]) is null as unknown_is_null;
select elile_optimize.percentiles(:once, array[0.5, 0]);
select elile_optimize.percentiles(:once, array[[0.5, null], [1.5, 1]]);
select elile_optimize.percentiles(1, array['NaN'::double precision]);
select elile_optimize.percentile(:once, '0.5') > 0 as of_literal;

-- Of a statement that many roles run, the rows of one query ask for one sum, and each role for its own.
\set ECHO none
select format('create role elile_sampler_%s', n) from generate_series(1, 20) n \gexec
\o /dev/null
select format('set role elile_sampler_%s; select id from sampled; reset role', n) from generate_series(1, 20) n \gexec
\o
\set ECHO all
select distinct queryid as many from elile_optimize.statements where query = 'select id from sampled' \gset
select count(*) as roles, count(distinct elile_optimize.percentile(queryid, 0.5)) as sums,
    count(distinct elile_optimize.percentiles(queryid, array[0.5, 0.9])) as pairs
from elile_optimize.statements where queryid = :many;
create table seen (turn int, username name, one boolean, several boolean);
grant insert on seen to public;
select set_config('elile.many', :'many', false) is not null as set;
do $$
declare
    many bigint := current_setting('elile.many');
    one double precision;
    several double precision[];
begin
    for turn in 1..2 loop
        for role in 0..1 loop
            perform set_config('role', case role when 0 then 'elile_sampler_0' else 'none' end, true);
            one := elile_optimize.percentile(many, 0.5);
            several := elile_optimize.percentiles(many, array[0.5, 0.9]);
            insert into seen values (turn, current_user, one > 0, several[2] > 0);
        end loop;
    end loop;
end $$;
reset role;
select turn, username = 'elile_sampler_0' as stranger, one, several from seen order by turn, stranger;

-- Each row may reset its statement.
select count(elile_optimize.reset(userid, dbid, queryid)) from elile_optimize.statements where queryid = :many;
select elile_optimize.percentile(:many, 0.5) is null as forgotten, elile_optimize.percentile(:once, 0.5) > 0 as kept;
drop table seen, sampled;
\set ECHO none
select format('drop role elile_sampler_%s', n) from generate_series(0, 20) n \gexec

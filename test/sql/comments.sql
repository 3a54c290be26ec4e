-- Each view, each of its columns and each function says what it is.
create temp table member as
select classid, objid from pg_depend
where refclassid = 'pg_extension'::regclass and deptype = 'e'
    and refobjid = (select oid from pg_extension where extname = 'elile_optimize');
select relname as without_a_comment from pg_class c join member on classid = 'pg_class'::regclass and objid = c.oid
where relkind in ('r', 'v') and obj_description(c.oid, 'pg_class') is null;
select relname, attname as without_a_comment
from pg_class c join member on classid = 'pg_class'::regclass and objid = c.oid join pg_attribute on attrelid = c.oid
where relkind = 'v' and attnum > 0 and col_description(c.oid, attnum) is null
order by relname, attnum;
select relname, attname, col_description(c.oid, attnum) as is_no_sentence
from pg_class c join member on classid = 'pg_class'::regclass and objid = c.oid join pg_attribute on attrelid = c.oid
where relkind = 'v' and attnum > 0 and col_description(c.oid, attnum) not like '%.'
order by relname, attnum;
select p.oid::regprocedure as without_a_comment
from pg_proc p join member on classid = 'pg_proc'::regclass and objid = p.oid
where obj_description(p.oid, 'pg_proc') is null;

-- What only serves a view begins with _, and whoever may read the view may call it. statements() is called by people too.
select distinct c.relname, p.proname, has_function_privilege('public', p.oid, 'execute') as may_be_called
from pg_class c join member on classid = 'pg_class'::regclass and member.objid = c.oid
join pg_rewrite r on r.ev_class = c.oid
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass
join pg_proc p on p.oid = d.refobjid and p.pronamespace = 'elile_optimize'::regnamespace
where has_table_privilege('public', c.oid, 'select')
    and (p.proname not like '\_%' and p.oid <> 'elile_optimize.statements(boolean)'::regprocedure
        or not has_function_privilege('public', p.oid, 'execute'));
select p.oid::regprocedure as serves_no_view
from pg_proc p join member on classid = 'pg_proc'::regclass and objid = p.oid
where proname like '\_%' and not exists (
    select from pg_depend d where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid);
-- No function is granted to anybody by name; these are their owner's until they are granted.
select p.oid::regprocedure as granted
from pg_proc p join member on classid = 'pg_proc'::regclass and objid = p.oid, aclexplode(proacl) a
where a.grantee not in (0, proowner);
select p.oid::regprocedure::text collate "C" as of_the_owner
from pg_proc p join member on classid = 'pg_proc'::regclass and objid = p.oid
where not has_function_privilege('public', p.oid, 'execute') order by 1;

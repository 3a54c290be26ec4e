-- Literals of long statements are found without reading all of a long string or comment, and are the
-- same as those of short ones, wherever the parts end in which they are read.
set elile_optimize.track = 'all';
set elile_optimize.log_parameters = on;
set elile_optimize.log_parameter_max_length = 12;
set elile_optimize.enable_query_logging = off;
create function tokens() returns text language sql as $f$
    select E', 2, \'it\'\'s\', $d$in $ dollars$d$, E\'e\\\'e\', \'two\'\n -- and \'no\'\n \'parts\', -3, 1e5, b\'1\', "a b".n /* \'no\' */, U&\'\\0061\''
$f$;
create function long_piece(kind text, bytes int) returns text language sql as $f$
    select case kind
        when 'string' then format('length(%L)', repeat('x', bytes))
        when 'quotes' then format('length(%L)', repeat('it''s ', bytes / 5))
        when 'escapes' then format('length(E''%s'')', repeat('\n', bytes / 2))
        when 'two parts' then format(E'length(\'%s\'\n\'no\')', repeat('x', bytes))
        when 'dollars' then format('length($a$%s$a$)', repeat('$b$ ''x ', bytes / 7))
        when 'comment' then format('0 /* %s */', repeat('/* ''no'' **/ * / ', bytes / 17))
        when 'line' then format(E'0 -- %s\n', repeat('''no'' ', bytes / 5))
        when 'minus' then format('length(%L)-1', repeat('y', bytes))
        when 'tokens' then '0' || repeat(' + "a b".n', bytes / 9)
    end
$f$;
create function run_statement(kind text, bytes int, shift int) returns void language plpgsql as $f$
begin
    execute format('select ''begin'' as case_long, 1.5, %s%s%s%s%s from (select 4 as n) as "a b"',
        long_piece(kind, bytes), tokens(), repeat(' ', 16200 + shift), tokens(), repeat(' ', 20000));
end $f$;
set elile_optimize.slow_query_threshold = 0;
\o /dev/null
select run_statement(kind, case when bytes > 9000 and kind = 'tokens' then 9000 else bytes end, shift)
from unnest(array['string', 'quotes', 'escapes', 'two parts', 'dollars', 'comment', 'line', 'minus', 'tokens']) kind,
    lateral (select 100, 0 union all select 70000, generate_series(0, 250, 4)) length(bytes, shift);
\o
set elile_optimize.slow_query_threshold = -1;
select count(*) as runs, count(distinct parameters) as kinds_of_parameters, min(parameters) as parameters
from elile_optimize.slow_queries where query like 'select $1 as case%' group by left(parameters, 40)
order by min(parameters) collate "C";

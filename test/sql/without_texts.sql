-- statements(false) has the view's rows without their texts, and keeps none for its result.
create extension if not exists elile_optimize;
create table with_a_name_of_some_length (column_with_a_name_of_some_length int);
select elile_optimize.reset();
set elile_optimize.track = 'all';
do $$ declare
    condition text;
begin
    for number in 0 .. 1999 loop
        condition := '';
        for bit in 0 .. 10 loop
            condition := condition || ' and with_a_name_of_some_length.column_with_a_name_of_some_length '
                || case when (number >> bit) & 1 = 1 then '>' else '<' end || ' 1';
        end loop;
        execute 'select from with_a_name_of_some_length where true' || condition;
    end loop;
end $$;
reset elile_optimize.track;
select count(*) >= 2000 as rows, count(query) as texts from elile_optimize.statements(false);
select count(*) >= 2000 as rows, count(query) >= 2000 as texts from elile_optimize.statements(true);
set work_mem = '2MB';
select count(calls) >= 2000 as in_memory from elile_optimize.statements(false);
select count(query) >= 2000 as in_a_file from elile_optimize.statements;
reset work_mem;
select query, temp_blks_written > 0 as written from elile_optimize.statements where query ~ 'as in_(memory|a_file)' and query !~ 'temp_blks'
order by query collate "C";
select count(*) from (
    select queryid, calls, table_name from elile_optimize.statements(false) where operation = 'select' and not toplevel
    except all
    select queryid, calls, table_name from elile_optimize.statements where operation = 'select' and not toplevel) difference;
select elile_optimize.statements(null) is null as no_rows;

-- Others' rows are without text and identifier as they are.
create role elile_reader;
set role elile_reader;
select count(query), count(queryid) from elile_optimize.statements(false);
select distinct query from elile_optimize.statements(true);
reset role;
drop role elile_reader;
drop table with_a_name_of_some_length;

-- Statements of ever new shapes, of which most are seen once.
select format('select %s as "c%s", count(*) from pg_class where relpages %s %s', n, n % 7,
    (array['<', '>', '='])[1 + n % 3], repeat('+ 1 ', n % 200))
from (select (random() * 1e6)::int n from generate_series(1, 100)) random \gexec
select format('select 1 as %I', repeat('x', (random() * 60)::int) || (random() * 1e9)::bigint)
from generate_series(1, 50) \gexec
select format('select %s', string_agg(n::text, ', ')) from generate_series(1, (random() * 400)::int) n \gexec
do $$
begin
    for i in 1..50 loop
        execute format('select count(*) from pg_attribute where attnum > %s and true %s', i,
            repeat('or false ', (random() * 300)::int));
    end loop;
end $$;

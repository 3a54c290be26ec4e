# A library and SQL objects of different versions: each function that is not declared as the library expects it says so
# and what to do, and the server stays up.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = 0
elile_optimize.enable_query_logging = off
elile_optimize.inline_index_limit = 0
elile_optimize.n_plus_one_threshold = 3
});
$node->start;

sub ask { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }

# What the server says to a statement that must fail.
sub complaint
{
    my ($sql) = @_;
    my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
    isnt($status, 0, "fails: $sql");
    return $err;
}

# Something in every view, so that each function has a row to write.
ask(slurp_file("$FindBin::RealBin/workload/schema.sql"));
$node->psql('postgres', 'create extension elile_optimize');
ask('create table pairs (a int, b int); create index on pairs (a); create index on pairs (a);
    insert into pairs select n, n from generate_series(1, 5) n');
ask(join '', "select a from pairs limit 5;\n", map { "select b from pairs where a = $_;\n" } 1 .. 5);
$node->psql('postgres', 'selec 1');  # so that failures has a row
my $started = ask('select pg_postmaster_start_time()');

# Every declaration that differs in one thing from one of ours, and what a call of it ends with.
ask(<<'SQL');
create schema probe;
create table probe.tried (symbol text, kind text, what text, outcome text);
create function probe.other(type text) returns text language sql as
$$ select case type when 'text' then 'bigint' else 'text' end $$;
create function probe.value_of(type text) returns text language sql as $$
select case type when 'text' then $v$'testing'$v$ when 'name' then $v$'postgres'$v$ when 'text[]' then $v$array['a']$v$
    when 'bigint[]' then $v$array[0]$v$ when 'double precision[]' then $v$array[1]$v$
    when 'regclass' then $v$'pg_class'$v$ when 'interval' then $v$'1 s'$v$
    when 'timestamp with time zone' then 'now()' when 'bytea' then $v$'\x00'$v$ else '1' end || '::' || type $$;
create procedure probe.try(library text, symbol text, kind text, what text, arguments text[], outs text[], result text, strict_word text, names text[])
language plpgsql as $$
declare
    outcome text;
    hint text;
    count bigint;
    declared text := array_to_string(arguments || array(select format('out %I %s', coalesce(names[n], 'c' || n), t) from unnest(outs) with ordinality o (t, n)), ', ');
    given text := array_to_string(array(select probe.value_of(t) from unnest(arguments) t), ', ');
begin
    execute format('create function probe.f(%s) %s language c %s as %L, %L', declared, 'returns ' || result, strict_word, library, symbol);
    begin
        execute format('select count(*) from probe.f(%s)', given) into count;
        outcome := case count when 0 then 'no row' else 'rows' end;
    exception when others then
        get stacked diagnostics hint = pg_exception_hint;
        outcome := case when sqlstate = '42704' then 'no row' when sqlerrm like '% is of another version than the library of extension "elile_optimize"'
                and hint like 'Install library and SQL scripts of one version%' then sqlstate else 'error' end;
        if outcome = 'error' and what <> 'as it is' then
            outcome := sqlerrm;
        end if;
    end;
    execute 'drop function probe.f';
    insert into probe.tried values (symbol, kind, what, outcome);
end $$;

do $$
declare
    f record;
    n int;
begin
    for f in
        select p.probin::text as library, p.prosrc as symbol, p.proretset, case when p.proisstrict then 'strict' else '' end as strict_word,
            array(select format_type(t, null) from unnest(p.proargtypes) with ordinality a (t, o) order by o) as arguments,
            case when p.prorettype = 'record'::regtype then
                array(select format_type(t, null) from unnest(p.proallargtypes, p.proargmodes) with ordinality a (t, m, o) where m = 'o' order by o)
            else '{}' end as outs,
            array(select own from unnest(p.proargnames, p.proargmodes) with ordinality a (own, m, o) where m = 'o' order by o) as names,
            case when p.proretset then 'setof ' else '' end || format_type(p.prorettype, null) as result
        from pg_proc p where p.pronamespace = 'elile_optimize'::regnamespace and p.prolang = (select oid from pg_language where lanname = 'c')
    loop
        if f.symbol not in ('elile_reset_all', 'elile_reset', 'elile_build_indexes', 'elile_apply_preset') then
            call probe.try(f.library, f.symbol, 'same', 'as it is', f.arguments, f.outs, f.result, f.strict_word, f.names);
        end if;
        call probe.try(f.library, f.symbol, 'arguments', 'one more', f.arguments || 'text'::text, f.outs, f.result, f.strict_word, f.names);
        for n in 1 .. cardinality(f.arguments) loop
            call probe.try(f.library, f.symbol, 'arguments', 'without ' || n, f.arguments[:n - 1] || f.arguments[n + 1:], f.outs, f.result, f.strict_word, f.names);
            call probe.try(f.library, f.symbol, 'arguments', 'another ' || n, f.arguments[:n - 1] || probe.other(f.arguments[n]) || f.arguments[n + 1:],
                f.outs, f.result, f.strict_word, f.names);
        end loop;
        if f.strict_word <> '' then
            call probe.try(f.library, f.symbol, 'strictness', 'none', f.arguments, f.outs, f.result, '', f.names);
        end if;
        if f.outs = '{}' and f.result <> 'elile_optimize.pool_presets' then
            call probe.try(f.library, f.symbol, 'result', 'another', f.arguments, '{}', case f.result when 'text' then 'bigint' else 'text' end, f.strict_word, f.names);
        elsif f.outs <> '{}' then
            call probe.try(f.library, f.symbol, 'result', 'one column', f.arguments, '{}', regexp_replace(f.result, 'record', 'bigint'), f.strict_word, f.names);
            call probe.try(f.library, f.symbol, 'columns', 'one more', f.arguments, f.outs || 'text'::text, f.result, f.strict_word, f.names);
            call probe.try(f.library, f.symbol, 'columns', '100', f.arguments, f.outs || array_fill('text'::text, array[100 - cardinality(f.outs)]), f.result, f.strict_word, f.names);
            if cardinality(f.outs) > 2 then
                call probe.try(f.library, f.symbol, 'columns', 'one less', f.arguments, f.outs[:cardinality(f.outs) - 1], f.result, f.strict_word, f.names);
            end if;
            for n in 1 .. cardinality(f.outs) loop
                call probe.try(f.library, f.symbol, 'columns', 'another ' || n, f.arguments,
                    f.outs[:n - 1] || probe.other(f.outs[n]) || f.outs[n + 1:], f.result, f.strict_word, f.names);
            end loop;
        end if;
    end loop;
end $$;
SQL

is(ask(q{select count(*) >= 30 from (select distinct symbol from probe.tried) s}), 't', 'all of our functions are tried');
is(ask(q{select * from probe.tried where kind = 'same' and outcome not in ('rows', 'no row', 'error')}), '', 'as they are declared, none complains of its version');
is(ask(q{select * from probe.tried where kind in ('arguments', 'strictness', 'result') and outcome <> '55000'}), '',
    'with other arguments, result or strictness each does');
# A column that is null is not taken for anything, and what writes no row takes nothing for anything.
is(ask(q{select * from probe.tried where kind = 'columns' and what not like 'another%' and outcome not in ('55000', 'no row')}), '',
    'with more columns or fewer too');
is(ask(q{select * from probe.tried where kind = 'columns' and outcome not in ('55000', 'no row', 'rows')}), '', 'and with others nothing else happens');
is(ask(q{select symbol from probe.tried group by symbol having bool_or(kind = 'columns')
    and not bool_or(kind = 'columns' and outcome = '55000') order by 1}),
    "elile_index_build_progress\nelile_verify_n_plus_one", 'each that has a row to write refuses');
cmp_ok(ask(q{select count(*) from probe.tried where kind = 'columns' and what like 'another%' and outcome = '55000'}), '>', 150, 'for most columns');
ask('drop schema probe cascade');
is(ask('select pg_postmaster_start_time()'), $started, 'the server has stayed up');

# A function that returns a named row: the view that names it has another column.
ask(q{create type narrow as (environment text, pool_size integer);
    create function narrow(environment text, a integer, b integer, c integer, d integer, e integer, f integer, g integer)
    returns narrow language c as '$libdir/elile_optimize', 'elile_pool_config'});
like(complaint(q{select narrow('testing', null, null, null, null, null, null, null)}),
    qr/ERROR:  55000: function narrow\(.*\) is of another version.*DETAIL:  It has 2 columns, and the library writes more\. /s, 'its columns are looked at');

# Which of the two is older decides what to do.
sub at_version
{
    my ($version) = @_;
    ask(qq{update pg_extension set extversion = '$version' where extname = 'elile_optimize'});
    return complaint(q{select narrow('testing', null, null, null, null, null, null, null)});
}
my $own = ask('select version from elile_optimize.info');
like(at_version('0.9'), qr/objects in this database are of version 0\.9, the server's library is of version \Q$own\E\.\nHINT:  Run ALTER EXTENSION elile_optimize UPDATE\./,
    'older objects are updated');
like(at_version('1.10'), qr/HINT:  Install version 1\.10 where that is missing, and restart the server/, 'an older library is replaced');
like(at_version('2.0beta'), qr/HINT:  Install version 2\.0beta where that is missing/, 'by whatever version');
like(at_version($own), qr/HINT:  Install library and SQL scripts of one version/, 'between equals something is wrong with the installation');

# The journal that another version made.
ask(q{update pg_extension set extversion = '0.9'; alter table elile_optimize.index_build_journal rename phase to stage});
like(complaint('select elile_optimize.build_indexes()'),
    qr/ERROR:  55000: .*DETAIL:  It has no column "phase" of type text\. .*version 0\.9.*HINT:  Run ALTER EXTENSION elile_optimize UPDATE\./s, 'is not written to');
ask(qq{alter table elile_optimize.index_build_journal rename stage to phase; update pg_extension set extversion = '$own'});
is(ask(q{select elile_optimize.build_indexes(array['idx_entities_tenant_type'])}), '1', 'and is again, once it is as it was');

# A script that is newer than the library that the server has loaded.
like(complaint(q{select elile_optimize.require_library('1.10')}),
    qr/ERROR:  55000: extension "elile_optimize" 1\.10 needs the library of this version, and the server has loaded version \Q$own\E\nHINT:  Install version 1\.10 where that is missing, and restart/,
    'a newer script is refused');
is(ask(qq{select elile_optimize.require_library('1.0'), elile_optimize.require_library('$own')}), '|', 'an older one and its own are not');
ask('create role somebody');
like(complaint(q{set role somebody; select elile_optimize.require_library('1.0')}), qr/permission denied/, 'it is for scripts');
chomp(my $share = `pg_config --sharedir`);
my @updates = grep { /--.*--/ } glob "$share/extension/elile_optimize--*.sql";
cmp_ok(scalar(@updates), '>', 0, 'there are update scripts');
for my $script (@updates)
{
    my ($to) = $script =~ /--([^-]+)\.sql$/;
    my ($first) = slurp_file($script) =~ /^(?!--|\\echo)(\S.*)$/m;
    is($first, "select \@extschema\@.require_library('$to');", "$script asks for its library first");
}
like(slurp_file("$share/extension/elile_optimize.control"), qr/^default_version = '\Q$own\E'$/m, 'library and control file have one version');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'nothing has crashed');
$node->stop;

# Without the library being loaded at the start too.
$node->append_conf('postgresql.conf', q{shared_preload_libraries = ''});
$node->start;
like(complaint(q{select narrow('testing', null, null, null, null, null, null, null)}), qr/of another version/, 'loaded by a call, the library looks too');
$node->stop;
done_testing();

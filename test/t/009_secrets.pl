# With log_parameters off no literal and no parameter is in anything that the extension writes: no
# view, and no log in any format.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
# The server's own STATEMENT lines and error details would have them.
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.track = all
log_statement = none
log_min_error_statement = panic
log_min_messages = log
logging_collector = on
log_destination = 'stderr,csvlog,jsonlog'
log_filename = 'server.log'
log_rotation_size = 0
elile_optimize.log_rate_limit = -1
max_prepared_transactions = 1
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table item (id int primary key, name text, doc jsonb, at timestamptz, raw bytea, price numeric, many int[]);
    insert into item select g, 'n' || g, '{}', now(), '', g, '{}' from generate_series(1, 1000) g;
    create table part (id int, name text) partition by list (name);
    create table part_rest partition of part default;
    analyze;
    alter system set elile_optimize.slow_query_threshold = 0;
    select pg_reload_conf();});
$node->poll_query_until('postgres', q{select current_setting('elile_optimize.slow_query_threshold') = '0'}) or die;

# Each has a secret of its own, so that one that is found tells where it came from.
my @statements = (
    q{select count(*) from item where name = 'S3CRET01'},
    q{select count(*) from item where name in ('S3CRET02', 'S3CRET02b')},
    q{select count(*) from item where name like '%S3CRET03%' or name ~ 'S3CRET03'},
    q{select count(*) from item where doc @> '{"key": "S3CRET04"}' and doc ->> 'S3CRET04' is null},
    q{select count(*) from (values (1, 'S3CRET05'), (2, 'S3CRET05b')) v(id, name) join item using (id) where v.name > item.name},
    q{select count(*) from item where md5(name || 'S3CRET06') = replace('x', 'S3CRET06', 'y')},
    q{select count(*) from item where name = cast('S3CRET07' as varchar) and raw <> '\x533343524554303762'::bytea},
    q{create index item_partial on item (id) where name = 'S3CRET08'},
    q{select id from item where name = 'S3CRET08' and id = 5},
    q{insert into item (id, name) values (5001, 'S3CRET09') returning name || 'S3CRET09'},
    q{update item set name = case when name = 'S3CRET10' then 'S3CRET10b' else name end where id = 5},
    q{delete from item where name = any('{S3CRET11,S3CRET11b}')},
    q{merge into item using (values (5002, 'S3CRET12')) v(id, name) on item.id = v.id when not matched then insert (id, name) values (v.id, v.name || 'S3CRET12')},
    q{copy (select name from item where name = 'S3CRET13') to stdout},
    q{do $$ declare found int; begin select count(*) into found from item where name = 'S3CRET14'; end $$},
    q{create user secretive password 'S3CRET15'},
    q{alter user secretive password 'S3CRET15b' valid until '2099-01-01'},
    q{prepare by_name(text, text) as select count(*) from item where name = $1 and name <> $2 || 'S3CRET16'; execute by_name('S3CRET16', 'S3CRET16b')},
    q{begin; declare walk cursor for select name from item where name <> 'S3CRET17' order by name || 'S3CRET17'; fetch 2 from walk; move all in walk; close walk; commit},
    q{select 1 / (id - id) from item where name <> 'S3CRET18'},
    q{insert into item (id, name) values (5, 'S3CRET19')},
    q{select cast('S3CRET20' as int)},
    q{set application_name = 'fine'; set search_path = public, 'S3CRET21'},
    q{select * from part where name = 'S3CRET22'; create table part_of partition of part for values in ('S3CRET22')},
    q{create function told() returns text language sql as $$ select 'S3CRET23' || name from item where id = 5 $$; select told()},
    q{with w as materialized (select name || 'S3CRET24' as n from item) select count(*) from w group by n, n || 'S3CRET24' having min(n) > 'S3CRET24' order by max(n) || 'S3CRET24'},
    q{select count(*) from xmltable('/a' passing '<a>S3CRET25</a>'::xml columns b text path '.' default 'S3CRET25')},
    q{select * from json_populate_record(null::item, '{"name": "S3CRET26"}') where name <> E'S3CRET26\n' and name <> U&'S3CRET26' and name <> $q$S3CRET26$q$},
    q{begin; insert into item (id, name) values (5003, 'S3CRET27'); prepare transaction 'S3CRET27'; rollback prepared 'S3CRET27'},
    q{explain (analyze, costs off) select count(*) from item where name = 'S3CRET28'},
    q{comment on table item is 'S3CRET29'; notify channel, 'S3CRET29'; security label on table item is 'S3CRET29'},
    q{set statement_timeout = 50; select count(*) from item a, item b, item c where a.name || b.name || c.name <> 'S3CRET30'},
    q{savepoint nowhere; select pg_sleep(0), 'S3CRET31' /* S3CRET31 */ -- S3CRET31},
    q{set standard_conforming_strings = off; select count(*) from item where name = 'S3CRET32\'x'},
    q{create table copied as select 'S3CRET33' as name, 70707070 as n from item where id < 3},
    q{create view seen as select name from item where name <> 'S3CRET34'; select count(*) from seen where name <> 'S3CRET34b'},
);
$node->psql('postgres', $_) foreach @statements;
# Parameters that the protocol carries, by type.
my $script = $node->basedir . '/bound.sql';
append_to_file($script, q{
\set number 53534354
select count(*) from item where name = :text::text and name <> :text::varchar and name::name <> :text::name
    and doc <> to_jsonb(:text::text) and raw <> :text::bytea and price <> :number::numeric and id <> :number::int
    and id <> :number::bigint and price::float8 <> :number::float8 and not :number = any(many);
});
$node->command_ok([ 'pgbench', '-n', '-M', $_, '-t', 3, '-D', 'text=S3CRET40', '-f', $script, 'postgres' ],
    "parameters, $_")
    foreach qw(extended prepared);

my $written = '';
foreach my $view (qw(summary statements table_operations slow_queries info))
{
    $written .= $node->safe_psql('postgres', "select * from elile_optimize.$view");
}
my $kept = $node->safe_psql('postgres', q{select count(*), count(plan) from elile_optimize.slow_queries});
my ($rows, $plans) = split /\|/, $kept;
cmp_ok($rows, '>', 60, 'slow statements were kept');
cmp_ok($plans, '>', 25, 'with plans');
$node->stop;
foreach my $format (qw(log csv json))
{
    my $log = slurp_file($node->data_dir . "/log/server.$format");
    cmp_ok(() = $log =~ /duration: /g, '>', 60, "$format: slow statements were logged");
    unlike($log, qr/S3CRET|53534354|70707070|533343524554/, "$format: no secret")
        or diag(join "\n", $log =~ /^(.*(?:S3CRET|53534354|70707070|533343524554).*)$/mg);
}
unlike($written, qr/S3CRET|53534354|70707070|533343524554/, 'views: no secret')
    or diag(join "\n", $written =~ /^(.*(?:S3CRET|53534354|70707070|533343524554).*)$/mg);
done_testing();

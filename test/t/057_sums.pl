# What is summed is of top level, so a function's time is in it once. What planning used is counted as
# pg_stat_statements counts it.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};
my $metrics = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'pg_stat_statements, elile_optimize'
elile_optimize.track = all
pg_stat_statements.track = all
elile_optimize.track_planning = on
pg_stat_statements.track_planning = on
elile_optimize.metrics_port = $metrics
});
$node->start;
$node->safe_psql('postgres', q{
create extension elile_optimize;
create extension pg_stat_statements;
create table item (id int primary key, name text);
insert into item select i, 'item ' || i from generate_series(1, 100) i;
create function slow_item(wanted int) returns text language plpgsql as $$
begin
    perform pg_sleep(0.02);
    return (select name from item where id = wanted);
end $$;
create procedure change_items() language plpgsql as $$
begin
    update item set name = name where id < 4;
    commit;
    perform slow_item(1);
end $$;
});

sub ask { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }

# Nothing of the readers is counted.
sub seen
{
    local $ENV{PGOPTIONS} = '-c elile_optimize.track=none -c pg_stat_statements.track=none';
    return ask(@_);
}

seen("select elile_optimize.reset(); select pg_stat_statements_reset()");
ask(q{
select slow_item(1);
select slow_item(2);
select count(slow_item(id)) from item where id < 4;
call change_items();
do $$ begin perform slow_item(9); end $$;
});
my $top = "select round(sum(calls)) from elile_optimize.table_operations where datname = 'postgres' and toplevel";
is(seen("$top"), 5, 'five statements came from the client');
is(seen("select total_queries from elile_optimize.summary"), 5, 'and the summary has these');
is(seen("select sum(calls) from elile_optimize.table_operations where table_name = 'item' and not toplevel and operation = 'select'"),
    7, 'what ran in them has rows of its own');
is(seen("select sum(calls) from elile_optimize.table_operations where table_name = 'item' and toplevel"), 1, 'beside its table at top level');
my $once = q{
    select abs(t.total_time - s.total_exec_time) < 1e-6, t.total_time >= 140
    from (select sum(total_time) total_time from elile_optimize.table_operations where toplevel) t,
        (select sum(total_exec_time) total_exec_time from elile_optimize.statements where toplevel) s};
is(seen("$once"), 't|t', 'their time is that of the top level, once');
is(seen("select round((avg_duration_ms * total_queries - (select sum(total_exec_time) from elile_optimize.statements where toplevel))::numeric, 3)
    from elile_optimize.summary"), '0.000', 'so is that of the summary');

sub queries
{
    my $text = HTTP::Tiny->new(timeout => 30)->get("http://127.0.0.1:$metrics/metrics")->{content};
    my $sum = 0;
    $sum += $1 while $text =~ /^elile_db_queries_total\{[^}]*database="postgres"[^}]*\} (\S+)$/mg;
    return $sum;
}
ok(poll(sub { queries() == 5 }), 'and the metrics have five queries') or diag(queries());

# A session that is new finds nothing of the catalogue in its memory, so its planning reads blocks.
my @statements = ('select name from item where id = 7', 'select count(*) from item a join item b using (id) where b.name > $$x$$');
ask($_) for @statements;
my $both = q{
    select count(*), bool_and(e.plans = s.plans), bool_and(e.shared_blks_hit + e.shared_blks_read = s.shared_blks_hit + s.shared_blks_read),
        bool_and(e.wal_records = s.wal_records), bool_and(e.shared_blks_hit + e.shared_blks_read > 6)
    from elile_optimize.statements e join pg_stat_statements s using (userid, dbid, queryid, toplevel)
    where e.operation = 'select' and e.toplevel and e.query ~ '^select (name|count\(\*\) from item a)'};
is(seen("$both"), '2|t|t|t|t', 'the blocks and WAL of planning are counted as pg_stat_statements counts them');
my $nested = q{
    select bool_and(e.plans = s.plans), bool_and(e.wal_records = s.wal_records)
    from elile_optimize.statements e join pg_stat_statements s using (userid, dbid, queryid, toplevel)
    where e.operation <> 'utility' and not e.toplevel};
is(seen("$nested"), 't|t', 'and those of nested statements');
ask('reset all; set elile_optimize.track_planning = off; set pg_stat_statements.track_planning = off; select name from item where id = 8');
is(seen("select plans, calls from elile_optimize.statements where query ~ '^select name from item where id' and toplevel"), '1|2', 'where nobody asks for it, nothing of planning is counted');

done_testing();

# Failures of the extended protocol, in connecting, at commit, by locks and by the session's end; nobody's value is kept.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use FailureCases;
use HTTP::Tiny;
use Patience qw(becomes poll);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Protocol;
use Session;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.track = top
log_min_error_statement = panic
log_error_verbosity = terse
restart_after_crash = on
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table item (id int primary key, name text);
    insert into item select g, 'n' || g from generate_series(1, 1000) g;
    create table line (id int primary key, item int references item deferrable initially deferred);
    create table part (id int, name text) partition by list (id);
    create table part_one partition of part for values in (1);
    create table secret (id int);
    create role nobody login;
    create role limited login connection limit 0;
    create domain small as text constraint is_small check (length(value) < 4);
    create function says(text) returns int language plpgsql as $$ begin
        raise exception '%', $1 using constraint = $1, table = $1, column = $1, schema = $1, detail = $1, hint = $1; end $$;
    create function names(text) returns int language plpgsql as $$ begin execute format('select * from %I', $1); return 1; end $$;
});
my $cases = FailureCases->new($node);
foreach my $n (1..300) {
# A storm.
my @clients = map { Protocol->connect($node, application_name => "storm$n") } 1 .. 4;
foreach my $round (1 .. 50)
{
    $_->add('Q', "selec 1\0"), $_->add('Q', "select 1 / 0\0") foreach (@clients) x 10;
    $_->send foreach @clients;
    foreach my $one (@clients) { $one->until_ready foreach 1 .. 20 }
}
my $got=''; foreach my $t (1..150) { $got = $cases->ask("select phase, count from elile_optimize.failures where application_name = 'storm$n' order by 1"); last if $got eq "parse|2000\nplan|2000"; select undef,undef,undef,0.02; }
is($got, "parse|2000\nplan|2000", "storm $n");
if (!Test::More->builder->is_passing) { diag($cases->ask("select phase, sqlstate, count, application_name, queryid, table_name from elile_optimize.failures where application_name like 'storm%' and application_name in ('storm$n') order by 1")); diag($cases->ask("select * from elile_optimize.info")); diag($cases->ask("select count(*), count(distinct application_name) from elile_optimize.failures")); }
last if !Test::More->builder->is_passing;}
done_testing();

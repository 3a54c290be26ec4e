# Beside other extensions, loaded before or after them, nothing crashes and what is counted stays the same.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Those with hooks of their own, in an order that suits them, and what makes each do the most.
my @neighbours = (
    [ 'pg_stat_statements', 'track = all', 'track_planning = on' ],
    [ 'pg_stat_kcache', 'track = all', 'track_planning = on' ],
    [ 'pg_qualstats', 'sample_rate = 1', 'track_constants = on', 'resolve_oids = on' ],
    [ 'pg_wait_sampling', 'profile_period = 10', 'history_period = 10' ],
    [ 'pgaudit', q{log = 'all'}, 'log_parameter = on', 'log_relation = on', 'log_rows = on' ],
    [ 'auto_explain', 'log_min_duration = 0', 'log_analyze = on', 'log_buffers = on', 'log_nested_statements = on',
        'log_triggers = on', 'log_verbose = on' ],
    [ 'plpgsql_check', q{mode = 'every_start'}, 'fatal_errors = off', 'profiler = on' ],
    ['hypopg'],
    ['set_user']);
my $modules = `pg_config --pkglibdir`;
chomp $modules;
my @there = grep { -e "$modules/$_->[0].so" } @neighbours;
my @lacking = grep { !-e "$modules/$_->[0].so" } @neighbours;
diag('not to be had for this server: ' . join ', ', map { $_->[0] } @lacking) if @lacking;

my $workload = slurp_file("$FindBin::RealBin/lib/neighbours_workload.sql");
my $ends = 'where case when pg_terminate_backend(pg_backend_pid()) then pg_sleep(600) is null end';
my @ended = (
    "select 1 $ends",
    "update work.item set name = 'gone' $ends",
    "insert into work.note select 'gone' $ends",
    "do \$\$ begin perform 1 $ends; end \$\$",
    "select work.ends()",
    "copy (select 1 $ends) to stdout",
    "begin; declare c cursor for select 1 $ends; fetch c");

# Utilities have no identifier where pg_stat_statements takes it away, so tables' rows tell how many there were. So an
# EXECUTE whose statement fails in planning has no table then.
# pgaudit's event triggers ask questions of their own, and plpgsql_check makes PL/pgSQL execute expressions, which
# have no verb, that it evaluates itself else.
my %counts = (
    'statements' => q{
select query, toplevel, operation, coalesce(table_name, '-'), calls, failed_calls, rows from elile_optimize.statements
where operation <> 'utility' and calls + failed_calls > 0 and query ~ '^[a-z]+ ' and query !~ 'pg_event_trigger|pg_stat_activity|elile_optimize'
order by query collate "C", toplevel},
    'tables and utilities' => q{
select coalesce(schema_name, '-'), coalesce(table_name, '-'), operation, toplevel, calls, failed_calls, rows
from elile_optimize.table_operations
where datname = 'neighbours' and (schema_name = 'work' or operation = 'utility') order by 1, 2, 3, 4},
    'failures' => q{
select sqlstate, operation, case when operation is not null then coalesce(table_name, '-') end, toplevel, count(*)
from elile_optimize.slow_queries where sqlstate is not null group by 1, 2, 3, 4 order by 1, 2, 3, 4},
    'what was lost' => q{
select evictions, dropped, not_ready, texts_dropped, buckets_dropped from elile_optimize.info});

sub make_node
{
    my ($name, @loaded) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init;
    $node->append_conf('postgresql.conf', q{
autovacuum = off
compute_query_id = on
max_parallel_workers = 8
elile_optimize.track = all
elile_optimize.track_planning = on
elile_optimize.slow_query_threshold = 0
elile_optimize.slow_query_ring = 10000
elile_optimize.log_rate_limit = -1
elile_optimize.log_analyze = on
elile_optimize.log_parameters = on
elile_optimize.log_query_plan = on
elile_optimize.n_plus_one_threshold = 3
});
    $node->append_conf('postgresql.conf', "shared_preload_libraries = '" . join(', ', map { $_->[0] } @loaded) . "'");
    for my $module (@loaded)
    {
        my ($prefix, @settings) = @$module;
        $node->append_conf('postgresql.conf', "$prefix.$_") for @settings;
    }
    $node->start;
    return $node;
}

sub create_extensions
{
    my ($node, @loaded) = @_;
    $node->safe_psql('postgres', 'create database neighbours');
    for my $module (map { $_->[0] } @loaded)
    {
        my $there = $node->safe_psql('neighbours', "select count(*) from pg_available_extensions where name = '$module'");
        $node->safe_psql('neighbours', "create extension $module cascade") if $there;
    }
    return;
}

# What the neighbours themselves offer, with us around; who cares for the answers are their own tests.
sub ask_neighbours
{
    my ($node) = @_;
    my %questions = (
        pg_stat_statements => 'select count(*) > 0 from pg_stat_statements',
        pg_stat_kcache => 'select count(*) > 0 from pg_stat_kcache_detail',
        pg_qualstats => 'select count(*) > 0 from pg_qualstats',
        pg_wait_sampling => 'select count(*) >= 0 from pg_wait_sampling_profile',
        plpgsql_check => q{select count(*) >= 0 from plpgsql_check_function('work.catches(int)'::regprocedure)},
        hypopg => q{select count(*) = 1 from hypopg_create_index('create index on work.item (n)')},
        set_user => q{select set_user('neighbour') = 'OK' and reset_user() = 'OK'});
    for my $module (map { $_->[0] } @there)
    {
        next unless $questions{$module};
        my ($status, $out, $err) = $node->psql('neighbours', $questions{$module});
        is("$out$err", 't', "$module answers");
    }
    return;
}

sub run_workload
{
    my ($name, @loaded) = @_;
    my $node = make_node($name, @loaded);
    create_extensions($node, @loaded);
    $node->safe_psql('neighbours', slurp_file("$FindBin::RealBin/lib/neighbours_schema.sql"));
    $node->safe_psql('neighbours', 'select elile_optimize.reset()');
    my $size = -s $node->logfile;
    $node->psql('neighbours', $workload, on_error_stop => 0);
    $node->psql('neighbours', $_, on_error_stop => 0) for @ended;
    $node->poll_query_until('neighbours', q{
select count(*) = 1 from pg_stat_activity where backend_type = 'client backend' and datname = 'neighbours'});
    my %seen = map { $_ => $node->safe_psql('neighbours', $counts{$_}) } keys %counts;
    ask_neighbours($node) if @loaded > 1;
    $node->stop;
    my $log = slurp_file($node->logfile);
    unlike($log, qr/was terminated by signal|PANIC:|TRAP:/, "$name: no process died");
    return \%seen;
}

my $ours = ['elile_optimize'];
my $alone = run_workload('alone', $ours);
like($alone->{statements}, qr/^insert into work\.item/m, 'the workload is counted');
like($alone->{failures}, qr/^57014\|/m, 'so are its time-outs');
like($alone->{failures}, qr/^57P01\|/m, 'and the sessions that were ended');
for my $run ([ 'first', $ours, @there ], [ 'last', @there, $ours ])
{
    my ($place, @loaded) = @$run;
    my $beside = run_workload($place, @loaded);
    is($beside->{$_}, $alone->{$_}, "loaded $place: the same $_") for sort keys %counts;
}

done_testing();

# Pools as the server sees them: each session counted once, however short; states; names without end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->append_conf('postgresql.conf', 'max_connections = 400');
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create role app login');

sub comes_true
{
    my ($sql, $name) = @_;
    ok($node->poll_query_until('postgres', $sql), $name);
    return;
}

# States, as they are at this moment.
my @sessions = map { Session->new($node, user => 'app') } 1 .. 4;
$_->ask("set application_name = 'states'") foreach @sessions;
$sessions[0]->tell('select pg_sleep(600)');
$sessions[1]->ask('begin; select 1');
$sessions[2]->ask('begin; select 1/0');
my $states = q{select pool_size, checked_out, checked_in, overflow, invalid from elile_optimize.pool_statistics
	where datname = 'postgres' and username = 'app' and application_name = 'states'};
comes_true("select (pool_size, checked_out) = (4, 3) from ($states) s", 'a session runs');
is($node->safe_psql('postgres', $states), '4|3|1|0|1', 'sessions by state');
$sessions[3]->ask('select 1');
comes_true(q{select peak_checked_out = 3 and connections_opened >= 0 and oldest_connection_age between '0' and '1 hour'
	from elile_optimize.pool_statistics where application_name = 'states'}, 'and the most at once');
is($node->safe_psql('postgres', "set elile_optimize.environment = testing; $states"), '4|3|1|3|1',
    'overflow by the preset of the environment');
$node->safe_psql('postgres', q{select elile_optimize.apply_preset('production', 'app', 'postgres', pool_size => 2, max_overflow => 20)});
is($node->safe_psql('postgres', $states), '4|3|1|2|1', 'overflow by the preset of the role');
$node->safe_psql('postgres', q{select elile_optimize.apply_preset(null, 'app', 'postgres')});

# What the application says, by its application_name.
{
    # From its first moment, or it may be seen under another name.
    local $ENV{PGAPPNAME} = 'states';
    $node->safe_psql('postgres', 'select elile_optimize.set_connection_pool_size(3), elile_optimize.set_active_connections(2)');
}
is($node->safe_psql('postgres', q{select pool_size, overflow, reported_pool_size, reported_active_connections
	from elile_optimize.pool_statistics where username = 'app' and application_name = 'states'}),
    '4|1|3|2', 'overflow by what was told');
$node->safe_psql('postgres', q{set application_name = 'elsewhere'; select elile_optimize.set_connection_pool_size(9)});
comes_true(q{select count(*) = 1 from elile_optimize.pool_statistics where username = 'postgres'
	and application_name = 'states' and pool_size = 0 and reported_pool_size = 3}, 'of each user');
$node->safe_psql('postgres', 'select pg_cancel_backend(pid) from pg_stat_activity where query ~ $$^select pg_sleep.600$$');
$_->close foreach @sessions;

# A session each, many between two looks.
$node->safe_psql('postgres', 'select elile_optimize.reset()');
my $transactions = 200;
my $short = $transactions + 1;  # pgbench begins with a session of its own
my $script = "$node->{_basedir}/short.sql";
append_to_file($script, "select 1;\n");
$node->command_ok([ 'pgbench', '-n', '-C', '-c', 4, '-j', 2, '-t', $transactions / 4, '-f', $script,
        $node->connstr('postgres') . ' application_name=short' ], 'short sessions');
comes_true("select connections_opened = $short from elile_optimize.pool_statistics where application_name = 'short'",
    'each is counted');
{
    local $ENV{PGAPPNAME} = 'later';
    $node->safe_psql('postgres', 'select 1');
}
comes_true(q{select connections_opened >= 0 from elile_optimize.pool_statistics where application_name = 'later'},
    'the keeper looks again');
is($node->safe_psql('postgres', q{select connections_opened, pool_size from elile_optimize.pool_statistics
	where application_name = 'short'}), "$short|0", 'once');
is($node->safe_psql('postgres', 'select ended_sessions_dropped from elile_optimize.info'), 0, 'none is lost');

# More names than rows.
my $names = Session->new($node);
$names->ask("set application_name = 'name $_'; select 1") foreach 1 .. 20;
my @many = map { Session->new($node) } 1 .. 300;
foreach my $at (1 .. 300)
{
    $many[ $at - 1 ]->ask("set application_name = 'many $at'");
}
comes_true(q{select pools_put_aside > 0 from elile_optimize.info}, 'names beyond the rows are counted');
is($node->safe_psql('postgres', q{select count(*) <= 257, sum(pool_size) >= 300,
	count(*) filter (where application_name = 'other' and datname is null and username is null and pool_size > 0)
	from elile_optimize.pool_statistics}), 't|t|1', 'and summed as other');
$_->close foreach @many, $names;
comes_true(q{select sum(pool_size) < 50 from elile_optimize.pool_statistics}, 'they go');
my $new = Session->new($node);
$new->ask("set application_name = 'newcomer'");
comes_true(q{select pool_size = 1 from elile_optimize.pool_statistics where application_name = 'newcomer'},
    'a newcomer has a row again');
$new->close;

done_testing();

# apply_preset() in effect: what the role's next sessions are like, and that it goes again.
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
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create role app login; create table item (id int)');
my $settings = q{select string_agg(current_setting(s), ' ') from unnest(array['statement_timeout', 'lock_timeout',
    'elile_optimize.environment', 'elile_optimize.slow_query_threshold', 'elile_optimize.log_query_plan',
    'elile_optimize.log_parameters', 'elile_optimize.pool_size', 'elile_optimize.max_overflow']) s};

# Standard output and error of a session of the role's own.
sub as_app
{
    my ($sql) = @_;
    my ($out, $err) = ('', '');
    $node->psql('postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 0, extra_params => [ '-U', 'app' ]);
    return ($out, $err);
}

sub apply
{
    my ($arguments) = @_;
    $node->safe_psql('postgres', "select elile_optimize.apply_preset($arguments)");
    return;
}

my $open = Session->new($node, user => 'app');
my $before = (as_app($settings))[0];
apply(q{'production', 'app', 'postgres'});
is((as_app($settings))[0], '30s 10s production 100ms on off 20 10', 'the next session');
is($open->ask($settings), $before, 'not one that is open');
is($node->safe_psql('postgres', $settings), $before, q{not somebody else's});
$open->close;

# The limit.
my @sessions = map { Session->new($node, user => 'app') } 1 .. 30;
like((run_command([ 'psql', '-X', '-d', $node->connstr('postgres') . ' user=app', '-c', 'select 1' ]))[1], qr/too many connections for role "app"/, 'the thirty-first connection is refused');
is($node->safe_psql('postgres', 'select 1'), 1, q{but nobody else's});
apply(q{null, 'app', 'postgres'});
is((as_app($settings))[0], $before, 'all of it is gone');
$_->close for @sessions;

# Timeouts.
apply(q{'production', 'app', 'postgres', statement_timeout_ms => 300, lock_timeout_ms => 200, slow_query_threshold_ms => 150});
like((as_app('select pg_sleep(60)'))[1], qr/canceling statement due to statement timeout/, 'a sleeping statement is cancelled');
$node->safe_psql('postgres', 'grant select on item to app');
my $holder = Session->new($node);
$holder->ask('begin; lock item');
like((as_app('select * from item'))[1], qr/canceling statement due to lock timeout/, 'and one that waits for a lock');
$holder->close;
is($node->safe_psql('postgres', q{select string_agg(distinct threshold_ms::text, ' ') from elile_optimize.slow_queries
    where username = 'app'}), '150', 'its threshold is the preset\'s');
apply(q{null, 'app', 'postgres'});
is((as_app($settings))[0], $before, 'gone again');

# Echo.
apply(q{'development', 'app', 'postgres'});
my $offset = -s $node->logfile;
as_app(q{select 'echoed'});
like(slurp_file($node->logfile, $offset), qr/duration: .* statement: select 'echoed'/, 'each statement is in the log');

# It goes with the role, and with a dump.
my ($dump) = run_command([ 'pg_dumpall', '-r', '-d', $node->connstr('postgres') ]);
like($dump, qr/ALTER ROLE app .*CONNECTION LIMIT 10\b/, 'the limit is in a dump');
$node->safe_psql('postgres', 'drop owned by app; drop role app');
is($node->safe_psql('postgres', 'select count(*) from pg_db_role_setting'), 0, 'with the role all of it has gone');

# A pool that the server has no room for.
$node->append_conf('postgresql.conf', "max_connections = 32\nsuperuser_reserved_connections = 4");
$node->restart;
$node->safe_psql('postgres', 'create role app login');
for my $call (q{apply_preset('production', 'app', 'postgres')}, q{preset_sql('production', 'app', 'postgres')},
    q{pool_config('production')}, q{pool_config('production', 'pgx')}, q{pgbouncer_config('production', 'postgres')})
{
    my ($out, $err) = ('', '');
    $node->psql('postgres', "select elile_optimize.$call", stdout => \$out, stderr => \$err);
    like($err, qr/20 \+ max_overflow 10 = 30 .*max_connections 32 - superuser_reserved_connections 4 = 28\./s, "$call does not fit");
}
is($node->safe_psql('postgres', q{select rolconnlimit from pg_roles where rolname = 'app'}), -1, 'and nothing is applied');
apply(q{'production', 'app', 'postgres', pool_size => 18});

# Without the library in shared_preload_libraries there is nobody to keep the settings.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
my ($out, $err) = ('', '');
$node->psql('postgres', q{select elile_optimize.apply_preset('testing', 'app', 'postgres')}, stdout => \$out, stderr => \$err);
like($err, qr/must be loaded via shared_preload_libraries/, 'not preloaded');
is($node->safe_psql('postgres', 'select count(*) from elile_optimize.pool_presets'), 3, 'the presets are there all the same');

done_testing();

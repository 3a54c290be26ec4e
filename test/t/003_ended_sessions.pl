# What ends with its session, by time-out or by cancel is counted as failed, with its SQLSTATE.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->append_conf('postgresql.conf', 'elile_optimize.slow_query_threshold = 0');
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize');

sub end_a_sleep
{
    my ($function) = @_;
    my ($in, $out, $err) = ('', '', '');
    my $session = IPC::Run::start(
        [ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'select pg_sleep(600)' ],
        '<', \$in, '>', \$out, '2>', \$err);
    my $running = q{from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'};
    $node->poll_query_until('postgres', "select count(*) = 1 $running")
        or die 'the session did not start';
    $node->safe_psql('postgres', "select $function(pid) $running");
    $session->finish;
    $node->poll_query_until('postgres', "select count(*) = 0 $running") or die 'it did not end';
}

sub newest
{
    return $node->safe_psql('postgres',
        q{select sqlstate from elile_optimize.slow_queries
		  where query = 'select pg_sleep($1)' order by id desc limit 1});
}

end_a_sleep('pg_terminate_backend');
is(newest(), '57P01', 'a terminated session');
end_a_sleep('pg_cancel_backend');
is(newest(), '57014', 'a cancelled statement');
$node->psql('postgres', q{set statement_timeout = 20; select pg_sleep(600)});
is(newest(), '57014', 'a statement that timed out');
is($node->safe_psql('postgres',
        q{select calls || '/' || failed_calls from elile_optimize.statements
		  where query = 'select pg_sleep($1)'}),
    '0/3', 'each counted once, as failed');
is($node->safe_psql('postgres',
        q{select min_exec_time > 0 from elile_optimize.statements
		  where query = 'select pg_sleep($1)'}),
    't', 'with the time that it took');

# The log has a line for each, and no literal.
$node->wait_for_log(qr/(?:LOG:  duration: .*pg_sleep(?s:.*?)){3}/);
my $log = slurp_file($node->logfile);
my @lines = $log =~ /LOG:  duration: .*statement: .*pg_sleep.*\n.*sqlstate=57.*/g;
is(scalar(@lines), 3, 'a line in the log for each');
unlike(join("\n", @lines), qr/(?<![\d.=-])600(?!\d)/, 'without the literal');

my $offset = -s $node->logfile;
$node->safe_psql('postgres', 'set elile_optimize.enable_query_logging = off; select 4711');
unlike(slurp_file($node->logfile, $offset), qr/ms  statement: select \$1/, 'logging can be switched off');

done_testing();

# The application's habit, 50 entities and then each one's profiles, and what is suggested for it:
# verified on a primary and a standby, made without waiting for a lock, and seen by no other
# extension.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'elile_optimize, pg_stat_statements'
pg_stat_statements.track = all
pg_stat_statements.track_planning = on
elile_optimize.track = all
CONF
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create extension pg_stat_statements');
$node->safe_psql('postgres', slurp_file("$FindBin::RealBin/workload/schema.sql"));
$node->safe_psql('postgres', q{
    insert into entities select md5('entity ' || n)::uuid, 'individual', '{}' from generate_series(1, 3000) n;
    insert into entity_profiles (entity_id, version, trigger_type, findings, risk_score, connections,
        connection_count, data_sources_used, stale_data_used, evolution_signals)
    select md5('entity ' || n)::uuid, v, 'manual', '{}', '{}', '[]', 0, '[]', '[]', '{}'
    from generate_series(1, 3000) n, generate_series(1, 2) v});
$node->safe_psql('postgres', 'analyze');
$node->safe_psql('postgres', 'select pg_stat_statements_reset(), elile_optimize.reset()');

# The application's own script, with one range of entities.
my $habit = slurp_file("$FindBin::RealBin/workload/profiles_one_by_one.sql") =~ s/^\\set.*\n//mr =~ s/:n/1/gr;
my $session = Session->new($node);
$session->ask($habit);
# Planning it is nobody's statement, not even with everything tracked.
is($node->safe_psql('postgres', "select count(*) from $_ where query ~ 'lateral|array[[]' and query !~ 'from $_'"),
    '0', "no trace of its planning in $_")
    for 'pg_stat_statements', 'elile_optimize.statements';
my $pattern = "from elile_optimize.n_plus_one where table_name = 'entity_profiles'";
is($node->safe_psql('postgres', "select count(*), min(runs_per_occurrence), min(round_trips_saved), min(evidence) $pattern"),
    '1|50|49|planned', 'found, with a suggestion that was planned');
note($node->safe_psql('postgres', "select suggestion, cost_before, cost_after $pattern"));
is($node->safe_psql('postgres', "select cost_after < cost_before $pattern"), 't', 'it costs less');

# The child computes its key; with the key as one value it can be asked for as any other.
sub verified
{
    my ($from_pattern, $parameters) = @_;
    my $ids = $node->safe_psql('postgres', "select parent_queryid, child_queryid $from_pattern") =~ s/\|/, /r;
    return "select form, keys_used, rows_one_by_one, rows_at_once, same_rows,
        position(statement || ';' in suggestion) > 0 as suggested, one_by_one_ms, at_once_ms
        from elile_optimize.verify_n_plus_one($ids, null, $parameters), (select suggestion $from_pattern) s";
}

sub timed
{
    my ($verify, $on) = @_;
    note($on->safe_psql('postgres', "select form, round(one_by_one_ms::numeric, 3) || ' ms one by one, '
        || round(at_once_ms::numeric, 3) || ' ms at once' from ($verify) v"));
    return $on->safe_psql('postgres', "select form, keys_used, rows_one_by_one, rows_at_once, same_rows, suggested from ($verify) v");
}
my $same = "list|50|100|100|t|t\njoined|50|100|100|t|t";
is(timed(verified($pattern, "array['entity ', '1', '1', '49']"), $node), $same,
    'the same rows at once, by the statements that are suggested');

# As an ORM sends it.
sub orm_habit
{
    my @ids = split /\n/, $node->safe_psql('postgres',
        "select md5('entity ' || g)::uuid from generate_series(1, 50) g");
    return "select entity_id, entity_type from entities where entity_id in (" . join(', ', map { "'$_'" } @ids) . ");\n"
        . join('', map { "select profile_id, version, entity_id from entity_profiles where entity_id = '$_';\n" } @ids);
}
$session->ask(orm_habit());
$pattern = "from elile_optimize.n_plus_one where parent_query like 'select entity_id, entity_type%'";
my $verify = verified($pattern, q{array(select (md5('entity ' || g)::uuid)::text from generate_series(1, 50) g)});
is(timed($verify, $node), $same, 'and so for an ORM');

# Somebody takes the parent's table away between the parent and its children.
$session->ask('create table parents as select g as id from generate_series(1, 12) g;
    create table children as select g as parent_id from generate_series(1, 12) g');
my $children = join('', map { "select * from children where parent_id = $_;\n" } 1 .. 12);
my $suggestion = q{select suggestion from elile_optimize.n_plus_one where table_name = 'children'};
my $locker = Session->new($node);
$session->ask('select id from parents');
$locker->ask('begin; lock table parents in access exclusive mode');
$session->ask("set statement_timeout = '20s'; set lock_timeout = '10s'");
$session->ask($children);
is($session->{err}, '', 'the children run while the parent is locked');
unlike($node->safe_psql('postgres', $suggestion), qr/left join/, 'and nothing was made of the parent');
$locker->ask('commit');
$session->ask("select id from parents;\n$children");
is($session->{err}, '', 'and afterwards');
is($session->ask('show lock_timeout'), '10s', 'with the settings that the session had');
like($node->safe_psql('postgres', $suggestion), qr/any\(\$1\)/, 'then there is a suggestion');
$session->ask('create table gone as select * from parents; select id from gone; drop table gone');
$session->ask($children);
is($session->{err}, '', 'nor does a table matter that is gone');

# A standby verifies what was run there.
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
$standby->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info});
$standby->safe_psql('postgres', orm_habit());
is(timed($verify, $standby), $same, 'found, suggested and verified on a standby');

# By every protocol; with prepared statements the number in the text changes and no parameter does.
my $script = $PostgreSQL::Test::Utils::tmp_check . '/habit.sql';
append_to_file($script, slurp_file("$FindBin::RealBin/workload/profiles_one_by_one.sql") =~ s/random\(1, \d+\)/random(1, 2900)/r);
for my $protocol (qw(simple extended prepared))
{
    $node->safe_psql('postgres', 'select elile_optimize.reset()');
    $node->command_ok([ 'pgbench', '-n', '-M', $protocol, '-t', '1', '-f', $script, 'postgres' ], "pgbench, $protocol");
    is($node->safe_psql('postgres', 'select occurrences, runs_per_occurrence from elile_optimize.n_plus_one'), '1|50', 'is found');
}
# Runs that only the number of a trace tells apart are the same one again.
$node->safe_psql('postgres', 'select elile_optimize.reset()');
$session->ask('select entity_id from entities limit 50');
$session->ask("select * from entity_profiles where entity_id = md5('entity 7')::uuid /* trace $_ */") for 1 .. 40;
$session->ask('begin; commit');
is($node->safe_psql('postgres', 'select count(*) from elile_optimize.n_plus_one'), '0', 'another comment is no other key');
done_testing();

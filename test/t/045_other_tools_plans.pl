# Beside other tools that deal with plans: a plan has one identifier for all of them, and what an extension adds to
# EXPLAIN stands in the plans that are kept, without a literal.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $config = $ENV{PG_CONFIG} // 'pg_config';
my ($version) = `$config --version` =~ /(\d+)/;

sub make_node
{
    my ($name, $libraries) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init;
    $node->append_conf('postgresql.conf', qq{
shared_preload_libraries = '$libraries'
elile_optimize.slow_query_threshold = 0
log_statement = none
});
    $node->start;
    $node->safe_psql('postgres', q{
        create extension elile_optimize;
        create table item (id int primary key, name text);
        insert into item select g, 'n' || g from generate_series(1, 100) g;
        analyze item});
    return $node;
}

# What the last of the statements that read items was kept with.
sub kept
{
    my ($node, $column, @statements) = @_;
    return $node->safe_psql('postgres', join "\n", '\o /dev/null', (map { "$_;" } @statements), '\o',
        qq{select $column from elile_optimize.slow_queries where table_name = 'item' order by id desc limit 1});
}

sub refused
{
    my ($node, $statement) = @_;
    my (undef, undef, $error) = $node->psql('postgres', $statement);
    return $error;
}

if ($version < 18)
{
    my $node = make_node('older', 'elile_optimize');
    like(refused($node, 'set elile_optimize.compute_plan_id = on'),
        qr/invalid value .*\nDETAIL:  Plans have no identifiers before PostgreSQL 18/, 'there is nothing to compute');
    like(refused($node, q{set elile_optimize.log_extension_options = 'debug'}),
        qr/invalid value .*\nDETAIL:  EXPLAIN has no options of extensions before PostgreSQL 18/, 'nor an option');
    is(refused($node, q{set elile_optimize.log_extension_options = ' '; set elile_optimize.compute_plan_id = off}),
        '', 'what asks for nothing is accepted');
    done_testing();
    exit;
}

my $folder = PostgreSQL::Test::Utils::tempdir();
my $headers = `$config --includedir-server`;
chomp $headers;
-e "$headers/postgres.h" or plan skip_all => "no headers of the server in $headers";
my $probe = "$folder/plan_probe";
system_or_bail(qw(cc -O1 -fPIC -shared -I), $headers, '-o', "$probe.so", "$FindBin::RealBin/lib/plan_probe.c");

# The probe has its hooks below ours here, and above ours there.
for my $libraries ("$probe, elile_optimize", "elile_optimize, $probe")
{
    my $node = make_node($libraries =~ /^e/ ? 'above' : 'below', $libraries);
    my $is_below = $libraries !~ /^e/;
    my $where = $is_below ? 'loaded before' : 'loaded after';
    $node->safe_psql('postgres', join ';', map {
            "create function $_() returns bigint language c as '$probe', 'plan_probe_$_'" } qw(at_start reported at_end));
    my $look = q{select count(*) as watched from item where name = 'secret'};
    my $none = 'set elile_optimize.slow_query_threshold = -1';
    my $same = 'plan_id = %s() and plan_id <> 0';

    is(kept($node, 'plan_id', 'set plan_probe.given = 4711', $look), '4711', "$where: its identifier is ours");
    is(kept($node, 'plan_id <> 4711 and plan_id <> 0', $look), 't', "$where: without one the plan has ours");
    is(kept($node, sprintf($same, 'at_end'), $look), 't', "$where: which it finds as the statement ends") if $is_below;
    is(kept($node, 'at_start() = 0 and reported() = 0', $look), 't', "$where: no other plan is worked on");
    my $compute = 'set elile_optimize.compute_plan_id = on';
    is(kept($node, sprintf($same, 'at_start'), $compute, $look), 't', "$where: with compute_plan_id all plans have one");
    is(kept($node, sprintf($same, 'reported'), $compute, $look), 't', "$where: which the server knows");
    is($node->safe_psql('postgres', "$compute; $none; $look; select at_start() <> 0"), "0\nt", "$where: slow or not");
    is(kept($node, 'plan_id = 4711 and at_start() = 4711', $compute, 'set plan_probe.given = 4711', $look), 't',
        "$where: and who has given one keeps it");

    # A failed run's plan is identified as it fails.
    my $fails = q{select sum(1 / (id - 50)) as watched from item where name <> 'secret'};
    $node->psql('postgres', "set plan_probe.given = 4712; $fails", on_error_stop => 0);
    ok($node->poll_query_until('postgres', q{select count(*) = 1 from elile_optimize.slow_queries
        where sqlstate = '22012' and plan_id = 4712 and plan is not null}), "$where: a failed run's too");

    # Options of EXPLAIN.
    my $options = 'set elile_optimize.log_extension_options';
    is(kept($node, q{plan ~ 'Probe'}, $look), 'f', "$where: EXPLAIN's options are not set by themselves");
    my $debug = kept($node, 'plan', "$options = 'DEBUG on'", $look);
    like($debug, qr/^Aggregate.*\n.*Seq Scan on item/, "$where: the plan comes first");
    like($debug, qr/\nProbe: debug\nProbed: *\nParameters: 0$/, 'then what the option prints');
    unlike($debug, qr/secret/, 'without the text');
    is(kept($node, q{plan ~ 'Probe'}, $look), 'f', 'and in no other run that shares the plan');
    is(kept($node, q{plan ~ 'Probe'}, "$options = 'probe word'", $look), 'f',
        "$where: another option might print literals, and is left out");
    my $show = 'set elile_optimize.log_parameters = on';
    like(kept($node, 'plan', $show, "$options = 'probe word'", $look),
        qr/secret.*\n(.*\n)*Probe: word\nProbed: .*secret/, 'unless they are to be shown');
    like(kept($node, 'plan', $show, "$options = 'probe error'", $look), qr/^Aggregate.*\n.*Seq Scan on item/,
        "$where: one that fails costs its own lines");
    unlike(slurp_file($node->logfile), qr/told to fail/, 'and no word in the log');

    like(kept($node, 'plan', "$options = 'debug'", 'set debug_parallel_query = on', $look), qr/\nProbe: debug/,
        "$where: parallel workers take the setting over");

    # What is set is looked at.
    like(refused($node, "$options = 'shout'"), qr/No library that is loaded has an EXPLAIN option "shout"/,
        "$where: an unknown option");
    like(refused($node, "$options = 'debug maybe'"), qr/debug requires a Boolean value/, 'a value that it does not take');
    like(refused($node, "$options = 'debug on,'"), qr/The name of an option is missing/, 'a list that is none');
    is(refused($node, q{alter role postgres set elile_optimize.log_extension_options = 'shout, debug'}), '',
        "$where: configuration may name what comes later");
    like(kept($node, 'plan', $look), qr/Probe: debug/, 'and what there is of it is used');
    $node->safe_psql('postgres', 'alter role postgres reset elile_optimize.log_extension_options');
    like($node->safe_psql('postgres', "create role visitor; set role visitor; select current_setting('elile_optimize.log_extension_options')"),
        qr/^$/, 'everybody may look');
    like(refused($node, "set role visitor; $options = 'debug'"), qr/permission denied to set parameter/, 'but not set it');
    $node->stop;
}

# Those that the server brings.
my $modules = `pg_config --pkglibdir`;
chomp $modules;
my @brought = grep { -e "$modules/$_.so" } qw(pg_overexplain pg_plan_advice);
SKIP:
{
    skip 'no pg_overexplain', 1 unless grep { $_ eq 'pg_overexplain' } @brought;
    my $node = make_node('brought', join ', ', 'elile_optimize', @brought);
    my $has_advice = @brought > 1;
    my $all = 'debug, range_table' . ($has_advice ? ', plan_advice' : '');
    $node->append_conf('postgresql.conf', "elile_optimize.log_extension_options = '$all'\n"
            . ($has_advice ? "pg_plan_advice.always_store_advice_details = on\n" : ''));
    $node->restart;
    my $plan = kept($node, 'plan', q{select * from (values ('secret', 1), ('secret2', 2)) v(a, b) join item on b = id
        where name <> 'secret' union all select 'secret', 4711, 4711, (select 'secret' from generate_series(1, 9) limit 1)});
    like($plan, qr/PlannedStmt:/, 'pg_overexplain tells of the statement');
    like($plan, qr/RTI \d+ \(relation/, 'and of its tables');
    like($plan, qr/SEQ_SCAN|INDEX_SCAN|NO_GATHER/, 'pg_plan_advice tells its advice') if $has_advice;
    unlike($plan, qr/secret|\b4711\b/, 'no literal is in it');
    unlike(slurp_file($node->logfile), qr/secret|\b4711\b/, 'nor in the log');
    $node->stop;
}

done_testing();

# A server that is stopped and started again has lost nothing, in views or in Prometheus' eyes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<"EOF");
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.slow_query_threshold = 0
elile_optimize.track = all
elile_optimize.log_rate_limit = 10
autovacuum = off
EOF
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create table item (id int); create table other (id int); create table parent (id int primary key); insert into parent select generate_series(1, 12); create table child (id int, parent int)');

sub ask { return $node->safe_psql('postgres', $_[0]); }
sub counter
{
    my $answer = HTTP::Tiny->new(timeout => 60)->get("http://127.0.0.1:$port/metrics");
    return $answer->{content} =~ /^elile_db_queries_total\{[^}]*operation="insert"[^}]*table="item"[^}]*\} (\d+)/m ? $1 : undef;
}
# Waits until the sample has all that ran: what it shows rises until then.
sub counter_is
{
    my ($wanted) = @_;
    return Patience::poll(sub { (counter() // -1) == $wanted });
}

my $figures = q{select string_agg(to_jsonb(s)::text, chr(10) order by query, toplevel)
    from elile_optimize.statements s where query ~ '^(insert into (item|other)|update other)'};
my $tables = q{select string_agg(to_jsonb(t)::text, chr(10) order by table_name, operation, toplevel)
    from elile_optimize.table_operations t where table_name in ('item', 'other')};
my %others = (
    failures => q{select string_agg(to_jsonb(f)::text, chr(10) order by first_seen) from elile_optimize.failures f},
    slow_queries => q{select string_agg(to_jsonb(s)::text, chr(10) order by id) from elile_optimize.slow_queries s where query like 'update other%' or sqlstate is not null},
    n_plus_one => q{select string_agg(to_jsonb(n)::text, chr(10) order by first_seen) from elile_optimize.n_plus_one n},
    plans => q{select string_agg(concat_ws(' ', plans_seen, plan_changed_at), ',') from elile_optimize.statements where query like 'update other%'},
    limits => q{select log_suppressed > 0 from elile_optimize.info});
my $inserted = q{select sum(calls) from elile_optimize.table_operations where table_name = 'item' and operation = 'insert'};

is(ask('select restored_from from elile_optimize.info'), 'none: nothing was saved', 'a first start has nothing to restore');
my $done = 0;
for my $round (1 .. 4)
{
    my $mode = $round % 2 ? 'fast' : 'smart';
    $node->safe_psql('postgres', 'insert into item values (1);' x 25 . 'insert into other values (2); update other set id = 3');
    $done += 25;
    $node->psql('postgres', 'select 1 / (id - id) from item');
    $node->psql('postgres', 'insert into nowhere values (1)');
    $node->safe_psql('postgres', join ';', 'select id from parent order by id', map { "select id from child where parent = $_" } 1 .. 12);
    # The row of what failed before it ran comes later, from a worker.
    ok(Patience::poll(sub { ask(q{select count(*) from elile_optimize.slow_queries where sqlstate = '42P01'}) == $round }), 'what failed has its row');
    my %before = map { $_ => ask($others{$_}) } keys %others;
    my ($statements, $operations) = (ask($figures), ask($tables));
    my $since = ask('select stats_since from elile_optimize.summary');
    ok(counter_is($done), "$mode stop $round: the counter stands at $done");
    $node->stop($mode);
    $node->start;
    ok(Patience::poll(sub { ask('select restored_from from elile_optimize.info') eq 'clean' }), 'what came back was saved by a clean stop');
    is(ask($figures), $statements, 'every figure of every statement is as it was');
    is(ask($tables), $operations, 'and of every table');
    is(ask($inserted), $done, 'no call more or less');
    foreach my $what (sort keys %others)
    {
        isnt($before{$what}, '', "there are $what");
        is(ask($others{$what}), $before{$what}, "$what are as they were");
    }
    is(ask('select stats_since from elile_optimize.summary'), $since, 'statistics began when they did');
    ok(counter_is($done), 'the counter goes on where it was');
}

# Clients that are in the middle when the server stops.
my @clients;
for my $number (1 .. 4)
{
    my $client = { out => '', err => '' };
    $client->{in} = "\\set ON_ERROR_STOP on\n" . "insert into item values (1);\\echo done\n" x 20000;
    $client->{run} = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-f', '-' ],
        '<', \$client->{in}, '>', \$client->{out}, '2>', \$client->{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    push @clients, $client;
}
for my $client (@clients) { $client->{run}->pump until $client->{out} =~ /(?:done\n){50}/; }
$node->stop('fast');
for my $client (@clients) { eval { $client->{run}->finish }; }
$node->start;
ok(Patience::poll(sub { ask('select restored_from from elile_optimize.info') eq 'clean' }), 'a stop in the middle of work is clean');
my $rows = ask('select count(*) from item');
my $counted = ask($inserted);
cmp_ok($counted, '>=', $rows, "of $rows inserts none is missing");
# One that was cut off before its commit has run all the same.
cmp_ok($counted, '<=', $rows + @clients, 'and none was invented');
ok(counter_is($counted), 'Prometheus sees the same');

# reset() is remembered.
ask('select elile_optimize.reset()');
$node->safe_psql('postgres', 'insert into item values (1)');
$node->restart;
ok(Patience::poll(sub { ask('select restored_from from elile_optimize.info') eq 'clean' }), 'restored after a reset');
is(ask($inserted), 1, 'what a reset had forgotten does not come back');

# Less room: the most used come back, and the rest is in the tables' figures.
$node->safe_psql('postgres', join ';', map { 'select from item where ' . join ' or ', ('id = 0') x $_ } 1 .. 160);
my $calls = q{select sum(calls) from elile_optimize.table_operations where table_name = 'item'};
my $all = ask($calls);
$node->append_conf('postgresql.conf', 'elile_optimize.max_statements = 100');
$node->restart;
ok(Patience::poll(sub { ask('select restored_from from elile_optimize.info') eq 'clean' }), 'restored into less room');
is(ask($calls), $all, 'the sums are whole');
cmp_ok(ask('select restore_left_out from elile_optimize.info'), '>', 50, 'what had no room is counted');
is(ask('select restore_damaged from elile_optimize.info'), 0, 'nothing was damaged');
$node->stop;
done_testing();

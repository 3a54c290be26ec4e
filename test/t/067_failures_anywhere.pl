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
my $int4 = 23;

# By extended protocol. What follows an error is skipped until Sync.
sub extended { my ($name, $wanted, $add, %option) = @_; return $cases->case_of($name, [$wanted], sub { $add->($_[0])->sync->run }, %option); }
extended('parse', 'parse|42601|%s at or near "%s"|1', sub { $_[0]->parse('', 'selec 1') });
extended('parse column', 'parse|42703|column "%s" does not exist|1', sub { $_[0]->extended('select nowhere from item') });
extended('parse literal', 'parse|22P02|invalid input syntax for type %s: "%s"|1', sub { $_[0]->extended(q{select 'x'::int}) });
extended('bind value', 'bind|22P02|invalid input syntax for type %s: "%s"|1', sub { $_[0]->extended('select * from item where id = $1', 'abc') });
extended('bind number', 'bind|08P01|bind message supplies %d parameters, but prepared statement "%s" requires %d|1', sub { $_[0]->extended('select * from item where id = $1') });
extended('bind nowhere', 'bind|26000|prepared statement "%s" does not exist|1', sub { $_[0]->bind('', 'nowhere') });
extended('named portal', 'bind|22P02|invalid input syntax for type %s: "%s"|1', sub { $_[0]->parse('s', 'select * from item where id = $1')->bind('p', 's', 'abc') });
extended('bind plans', 'plan|22012|division by zero|1', sub { $_[0]->extended('select 1 / 0') });
extended('execute nowhere', 'execute|34000|portal "%s" does not exist|1', sub { $_[0]->execute('nowhere') });
extended('execute', 'execute|22012|division by zero|1', sub { $_[0]->extended('select 1 / (id - $1::int) from item', 5) });
extended('rights', 'execute|42501|permission denied for table %s|1', sub { $_[0]->extended('select * from secret') }, user => 'nobody');
extended('named rights', 'execute|42501|permission denied for table %s|1', sub { $_[0]->parse('s', 'select * from secret')->bind('p', 's') }, user => 'nobody');
extended('utility', 'utility|42P07|relation "%s" already exists|1', sub { $_[0]->extended('create table item (id int)') });
extended('sync', 'commit|23503|insert or update on table "%s" violates foreign key constraint "%s"|1', sub { $_[0]->extended('insert into line values ($1, $2)', 1, -1) });
extended('pipeline', 'execute|22012|division by zero|1', sub { $_[0]->extended('select $1::int', 1)->extended('select 1 / (id - 5) from item')->extended('select nowhere')->extended('select 1 / 0') });
extended('second in a pipeline', 'parse|42703|column "%s" does not exist|1', sub { $_[0]->extended('select 1 from item')->extended('select nowhere') });
extended('bind in a pipeline', 'bind|22P02|invalid input syntax for type %s: "%s"|1', sub { $_[0]->extended('select 1 from item')->extended('select $1::int', 'x') });
extended('commit in a pipeline', 'commit|23503|insert or update on table "%s" violates foreign key constraint "%s"|1',
    sub { $_[0]->extended('begin')->extended('insert into line values (1, -1)')->extended('commit')->extended('select 1') });
$cases->case_of('syncs', [ 'parse|42703|column "%s" does not exist|2', 'plan|22012|division by zero|1' ], sub {
        my ($client) = @_;
        $client->extended('select nowhere')->sync->extended('select 1 / 0')->sync->extended('select nowhere')->sync->run;
        $client->until_ready foreach 1 .. 2;
});

# Rights, by simple protocol too; what another process does.
$cases->case_of('simple rights', ['execute|42501|permission denied for table %s|1'], sub { $_[0]->simple('select * from secret') }, user => 'nobody');
$cases->case_of('utility rights', ['utility|42501|must be owner of table %s|1'], sub { $_[0]->simple('drop table secret') }, user => 'nobody');
my $other = Session->new($node);
$other->ask('begin; lock item in access exclusive mode');
$cases->case_of('lock', ['parse|55P03|canceling statement due to lock timeout|1'], sub { $_[0]->simple('set lock_timeout = 20'); $_[0]->simple('select * from item') });
$other->ask('rollback; begin; lock part_one in access exclusive mode');
$cases->case_of('lock in planning', ['plan|55P03|canceling statement due to lock timeout|1'], sub { $_[0]->simple('set lock_timeout = 20'); $_[0]->simple('select * from part') });
$other->ask('rollback');
$cases->case_of('lock in bind', ['bind|55P03|canceling statement due to lock timeout|1'], sub {
        my ($client) = @_;
        $client->simple('set lock_timeout = 20');
        $client->simple('set plan_cache_mode = force_generic_plan');
        $client->parse('s', 'select * from item')->bind('', 's')->execute('')->sync->run;
        $other->ask('begin; lock item in access exclusive mode');
        $client->bind('', 's')->execute('')->sync->run;
});
$other->ask('rollback');
$cases->case_of('serialization', ['execute|40001|could not serialize access due to concurrent update|1'], sub {
        my ($client) = @_;
        $client->simple($_) foreach 'begin isolation level repeatable read', 'select 1 from item';
        $other->ask(q{update item set name = 'other' where id = 3});
        $client->simple(q{update item set name = 'own' where id = 3});
});
$cases->case_of('serialization at commit', ['commit|40001|could not serialize access due to read/write dependencies among transactions|1'], sub {
        my ($client) = @_;
        $client->simple($_) foreach 'begin isolation level serializable', 'select count(*) from secret', 'insert into secret values (1)';
        $other->ask('begin isolation level serializable; select count(*) from secret; insert into secret values (2); commit');
        $client->simple('commit');
});

# By FATAL.
sub end_of { my ($name) = @_; return sub { $other->ask("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '$name'") }; }
$cases->case_of('ended running', ['execute|57P01|terminating connection due to administrator command|1'], sub {
        my ($client) = @_;
        $client->query('select pg_sleep(600) from item')->send;
        poll(sub { $other->ask(q{select count(*) from pg_stat_activity where application_name = 'ended running' and wait_event = 'PgSleep'}) });
        end_of('ended running')->();
        $client->until_ready;
});
$cases->case_of('ended idle', ['unknown|57P01|terminating connection due to administrator command|1'], sub { $_[0]->simple('select 1 from item'); end_of('ended idle')->(); $_[0]->until_ready });
$cases->case_of('ended in a transaction', ['unknown|25P03|terminating connection due to idle-in-transaction timeout|1'],
    sub { $_[0]->simple($_) foreach 'set idle_in_transaction_session_timeout = 10', 'begin'; $_[0]->until_ready });

# In connecting.
my $executions = $cases->failed_in_summary;
Protocol->connect($node, application_name => 'no database', database => 'nowhere');
Protocol->connect($node, application_name => 'no role', user => 'stranger');
Protocol->connect($node, application_name => 'no place', user => 'limited');
becomes('failures to connect', sub { $cases->ask(q{select application_name, datname, username, sqlstate, message, count from elile_optimize.failures where phase = 'connect' order by 1}) }, join "\n",
    'no database|nowhere|postgres|3D000|database "%s" does not exist|1', 'no place|postgres|limited|53300|too many connections for role "%s"|1',
    'no role|postgres|stranger|28000|role "%s" does not exist|1');
is($cases->failed_in_summary, $executions, 'are no failed queries');
Protocol->connect($node, database => "stranger$_") foreach 1 .. 70;
becomes('a stranger fills its own share only', sub { $cases->ask(q{select (select count(*) from elile_optimize.failures where phase = 'connect'), connect_failures_overflow, failures_overflow from elile_optimize.info}) }, '64|9|0');

# Who may see what.
is($node->safe_psql('postgres', q{select count(*) filter (where application_name is not null or error_constraint is not null or queryid is not null), count(*) filter (where username is not null and phase = 'connect'),
        count(*) filter (where message is not null) > 20 from elile_optimize.failures where username <> 'nobody' or username is null}, extra_params => [ '-U', 'nobody' ]), '0|0|t', 'a role without rights');
is($node->safe_psql('postgres', q{select count(*) from elile_optimize.failures where application_name = 'simple rights' and sqlstate = '42501'}, extra_params => [ '-U', 'nobody' ]), '1', 'sees its own');

# Secrets, each its own.
my @secrets = map { sprintf 'S3CRET%02d', $_ } 1 .. 28;
my @failing = (
    q{select '%s'::int}, q{select "%s" from item}, q{select * from "%s"}, q{select %s(1)}, q{select '%s}, q{select 1 %s 2}, q{select says('%s')}, q{select names('%s')},
    q{do $$ begin raise exception '%s' using constraint = '%s'; end $$}, q{do $$ begin raise '%s' using errcode = 'unique_violation', table = '%s', schema = '%s'; end $$},
    q{insert into item values (1, '%s')}, q{insert into item values ('%s', '')}, q{select '%s'::small}, q{select name::small from (select '%s' || id as name from item) q}, q{select '%s'::date}, q{select '%s'::jsonb},
    q{select to_date('%s', 'YYYY-MM-DD')}, q{set work_mem = '%s'}, q{set "%s" = 1}, q{rollback to "%s"}, q{execute "%s"}, q{select 'x' ~ '(%s'}, q{select * from item where name <> '%s' and 1 / (id - 5) > 0},
    q{create table item as select '%s'}, q{drop table "%s"}, q{select set_config('%s.a', '%s', false), 1 / (id - 5) from item}, q{copy item from '/%s'}, q{select xmlparse(document '<%s')});
is(scalar @failing, scalar @secrets, 'a statement for each secret');
my $client = Protocol->connect($node, application_name => 'secretive');
my $failed = 0;
foreach my $at (0 .. $#failing)
{
    my $text = $failing[$at] =~ s/%s/$secrets[$at]/gr;
    $failed += $client->simple($text);
    $client->extended($text)->sync->run;
}
$client->extended('select $1::int', 'S3CRET29')->sync->run;
is($failed, scalar @secrets, 'each failed');
my $shown = $node->safe_psql('postgres', 'select * from elile_optimize.failures; select * from elile_optimize.info');
$shown .= HTTP::Tiny->new->get("http://127.0.0.1:$port/metrics")->{content};
unlike($shown, qr/S3CRET/, 'no secret is shown');
like($shown, qr/invalid regular expression: %s/, 'templates are');

# The metric.
ok(poll(sub { HTTP::Tiny->new->get("http://127.0.0.1:$port/metrics")->{content} =~ /^elile_db_errors_total\{database="postgres",phase="commit",sqlstate="40001"\} 1$/m }), 'an error has a series');
$client->simple(sprintf q{do $$ begin raise '' using errcode = 'X%04d'; end $$}, $_) foreach 1 .. 120;
my $text;
ok(poll(sub { $text = HTTP::Tiny->new->get("http://127.0.0.1:$port/metrics")->{content}; $text =~ /^elile_db_errors_total\{database="postgres",phase="other",sqlstate="other"\} \d+$/m }), 'later ones are other');
is(scalar(() = $text =~ /^elile_db_errors_total\{database="postgres",phase="[a-z]+",sqlstate="[0-9A-Z]{5}"\}/mg), 100, 'the first hundred have their own');
is($text =~ /database="postgres",phase="connect",sqlstate="53300"/ ? 1 : 0, 1, 'those to connect are the database\'s, where it is known');
is($cases->ask(q{select condition, message from elile_optimize.failures where sqlstate = 'X0001'}), '|', 'a condition that is not the server\'s has no name');

# A storm.
my $log_before = -s $node->logfile;
my $overflow = $cases->ask('select failures_overflow from elile_optimize.info');
my @clients = map { Protocol->connect($node, application_name => 'storm') } 1 .. 4;
foreach my $round (1 .. 50)
{
    $_->add('Q', "selec 1\0"), $_->add('Q', "select 1 / 0\0") foreach (@clients) x 10;
    $_->send foreach @clients;
    foreach my $one (@clients) { $one->until_ready foreach 1 .. 20 }
}
# Where a session was stopped in the midst of a new row, others count what they cannot wait for.
becomes('a storm is counted',
    sub {
        $cases->ask(q{select (select sum(count) from elile_optimize.failures where application_name = 'storm') + failures_overflow - }
                . "$overflow from elile_optimize.info");
    },
    '4000');
my @lines = split /\n/, slurp_file($node->logfile, $log_before);
is(scalar(grep { /elile/ && !/LOG:  (statement|execute)/ } @lines), 0, 'without a line of ours');

# Where the log hides errors.
$cases->ask(q{alter system set log_min_messages = fatal; select pg_reload_conf()});
poll(sub { $cases->ask('show log_min_messages') eq 'fatal' });
$cases->case_of('hidden', [ 'execute|22012|division_by_zero|1', 'utility|42P07|duplicate_table|1' ], sub {
        $_[0]->simple('select 1 / (id - 5) from item');
        $_[0]->simple('create table item (id int)');
        $_[0]->simple('selec 1');
});
is($cases->ask('select failures_seen from elile_optimize.info'), 'execute and utility only: log_min_messages hides errors from the log', 'info says so');
$cases->case_of('hidden end', ['execute|57P01|terminating connection due to administrator command|1'], sub {
        my ($one) = @_;
        $one->query('select pg_sleep(600) from item')->send;
        poll(sub { $other->ask(q{select count(*) from pg_stat_activity where application_name = 'hidden end' and wait_event = 'PgSleep'}) });
        end_of('hidden end')->();
        $one->until_ready;
});
$cases->ask(q{alter system reset log_min_messages; select pg_reload_conf()});

# A crash and a reset.
my $rows = $cases->ask('select count(*) from elile_optimize.failures');
my $victim = Protocol->connect($node);
my $pid = $cases->ask(q{select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1});
kill 'KILL', $pid;
$node->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}) or die;
cmp_ok($node->safe_psql('postgres', 'select count(*) from elile_optimize.failures'), '>=', $rows - 3, 'failures outlive a crash');
$node->safe_psql('postgres', 'select elile_optimize.reset()');
is($node->safe_psql('postgres', 'select count(*) from elile_optimize.failures'), '0', 'and a reset forgets them');
is($node->safe_psql('postgres', 'select failed_queries from elile_optimize.summary'), '0', 'in summary too');
$node->psql('postgres', 'selec 1');
is($node->safe_psql('postgres', 'select count from elile_optimize.failures'), '1', 'the next one is counted');

$node->stop('immediate');
done_testing();

# What is done in somebody's session, a slow statement's plan and an N+1 suggestion, and goes wrong
# there leaves the session as it was: what is meant for its statements still reaches them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Time::HiRes;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.track = all
});
$node->start;
$node->safe_psql('postgres', q{
    create extension elile_optimize;
    create table parents as select g as id from generate_series(1, 12) g;
    create table children as select g as parent_id from generate_series(1, 12) g;
    create table planned (what text);
    create table locked (id int);
    insert into locked values (1);});

sub seconds_of
{
    my ($code) = @_;
    my $began = Time::HiRes::time();
    $code->();
    return Time::HiRes::time() - $began;
}
# Longer than anything here takes, shorter than what must not be waited for.
my $soon = 30;

# A statement that fails, and whose table cannot be locked when its plan is written down.
my $session = Session->new($node);
$session->ask('set elile_optimize.slow_query_threshold = 100');
my $pid = $session->ask('select pg_backend_pid()');
$session->tell("set statement_timeout = '1s'; select pg_sleep(600) from locked");
$node->poll_query_until('postgres', "select wait_event = 'PgSleep' from pg_stat_activity where pid = $pid");
my $locker = Session->new($node);
$locker->ask('begin; alter table locked add column more int');
$session->ask('select 1');
$session->ask('select 1');
$locker->ask('commit');
my $took = seconds_of(sub { $session->ask("set statement_timeout = '200ms'; select pg_sleep(120)") });
like($session->{err}, qr/due to statement timeout/, 'after a plan that could not be locked, a statement times out');
cmp_ok($took, '<', $soon, 'at once');
$session->ask('reset statement_timeout');
$session->tell('select pg_sleep(120)');
$node->poll_query_until('postgres', "select wait_event = 'PgSleep' from pg_stat_activity where pid = $pid");
$node->safe_psql('postgres', "select pg_cancel_backend($pid)");
is($session->ask('select 7'), '7', 'it can be cancelled');
like($session->{err}, qr/due to user request/, 'and is');
$session->close;

# $body runs where the child of a loop is planned for a suggestion, and nowhere else.
sub loop_of
{
    my ($body) = @_;
    $node->safe_psql('postgres', qq{
        create or replace function in_planning() returns int immutable language plpgsql as \$\$
        begin
            if current_setting('lock_timeout') = '1ms' then
                $body
            end if;
            return 1;
        end \$\$;
        select elile_optimize.reset()});
    return join '', "select id from parents;\n",
        map { "select parent_id from children where parent_id = $_ and in_planning() = 1;\n" } 1 .. 12;
}
my $suggestion = q{select suggestion from elile_optimize.n_plus_one where child_query ~ 'in_planning'};


# Each as one statement of a client that goes on after the loop, in the same statement.
$session = Session->new($node);
$pid = $session->ask('select pg_backend_pid()');
my $loop = loop_of(q{raise exception 'boom';});
$session->ask($loop);
is($session->{err}, '', 'an error in planning is nobody\'s');
like($node->safe_psql('postgres', $suggestion), qr/boom|any\(/, 'and becomes words');

$session->ask('set exit_on_error = on');
$session->ask(loop_of(q{raise exception 'boom';}));
is($session->ask('select pg_backend_pid()'), $pid, 'nor does it end a session that ends on any error');
$session->ask('set exit_on_error = off');

# What may not be written by it.
$node->safe_psql('postgres', q{create function writes() returns void language sql volatile
    as $$ insert into planned values ('written') $$});
$session->ask(loop_of('perform writes();'));
is($session->{err}, '', 'what would write in planning fails');
is($node->safe_psql('postgres', 'select count(*) from planned'), '0', 'and writes nothing');

# A setting made by it.
$session->ask("set application_name = 'mine'");
$session->ask(loop_of(q{perform set_config('application_name', 'theirs', false);
    perform set_config('transaction_read_only', 'off', false);}));
is($session->ask('show application_name'), 'mine', 'a setting made in planning goes');
is($session->ask('show transaction_read_only'), 'off', 'and the session may write');

# A code that a function raises is no request to cancel.
$loop = loop_of(q{raise exception using errcode = '57014', message = 'not a cancel';});
$session->ask("begin;\n$loop");
is($session->{err}, '', 'what looks like a cancel is none');
$session->ask('select count(*) from parents, children; commit');
is($session->{err}, '', 'for what follows either');

# A function that does not come to an end there: nobody asked for it, so it is given up.
my $asleep = "select count(*) = 1 from pg_stat_activity where pid = $pid and wait_event = 'PgSleep'";
$took = seconds_of(sub { $session->ask(loop_of('perform pg_sleep(120);')) });
is($session->{err}, '', 'planning that lasts is given up');
cmp_ok($took, '<', $soon, 'soon');
is($session->ask('select 7'), '7', 'and nothing of it reaches the next statement');
is($session->{err}, '', 'no cancel either');

# It eats what would end it, once; the statement's own time-out must not be what it has eaten.
my $eats = q{begin perform pg_sleep(120); exception when query_canceled then perform 1; end;};
$session->ask("set statement_timeout = '300ms';\n" . loop_of($eats));
$took = seconds_of(sub { $session->ask('select pg_sleep(120)') });
like($session->{err}, qr/due to statement timeout/, 'a time-out goes on working');
cmp_ok($took, '<', $soon, 'at once');

# Whatever ends a session ends it in there too.
$session->ask('reset statement_timeout');
$session->tell(loop_of('loop begin perform pg_sleep(120); exception when query_canceled then perform 1; end; end loop;'));
ok($node->poll_query_until('postgres', $asleep), 'it is planning');
$took = seconds_of(sub {
        $node->safe_psql('postgres', "select pg_terminate_backend($pid)");
        $node->poll_query_until('postgres', "select count(*) = 0 from pg_stat_activity where pid = $pid");
});
cmp_ok($took, '<', $soon, 'and can be terminated there');

# Where no suggestion can be kept, none is made each time anew.
$node->safe_psql('postgres', 'select elile_optimize.reset()');
$session = Session->new($node);
$session->ask('set elile_optimize.n_plus_one_threshold = 3');
# Each number of columns is another statement; all have 7 kB.
sub wide_loop
{
    my ($columns, $name) = @_;
    my $length = 7000 / $columns - 14;
    my $list = join ', ', map { sprintf 'parent_id as "%s"', substr $name x $length, 0, $length } 1 .. $columns;
    return "select id from parents;\n" . join '', map { "select $list from children where parent_id = $_;\n" } 1 .. 4;
}
my $dropped = 'select suggestions_dropped from elile_optimize.info';
my $columns = 120;
$session->ask(wide_loop($columns, 'x')) while $session->ask($dropped) == 0 && $columns++ < 270;
cmp_ok($session->ask($dropped), '>', 0, 'the memory for suggestions is full');
my $before = $session->ask($dropped);
$session->ask(wide_loop(119, 'the last ')) for 1 .. 40;
is($session->ask(q{select occurrences, suggestion from elile_optimize.n_plus_one where child_query ~ 'the last'}),
    '40|', 'a pattern that occurs again and again has none');
cmp_ok($session->ask($dropped) - $before, '<=', 16, 'and was not planned each time');

# Thousands of parameters, each looked for among the others.
$session->ask('alter table parents add primary key (id); alter table children add foreign key (parent_id) references parents');
$session->ask('set statement_timeout = 0; reset elile_optimize.n_plus_one_threshold; select elile_optimize.reset()');
my $many = join ',', 100 .. 2600;
$took = seconds_of(sub {
        $session->ask("select id from parents;\n" . join '',
            map { "select parent_id from children where parent_id = $_ and parent_id not in ($many);\n" } 1 .. 12) });
like($session->ask(q{select suggestion from elile_optimize.n_plus_one where child_query ~ 'not in'}), qr/parent/,
    'a child with thousands of parameters has a suggestion');
note("thousands of parameters: $took s");
cmp_ok($took, '<', $soon / 5, 'at once');
done_testing();

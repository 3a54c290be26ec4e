# Failures beside another extension that watches the log, by each protocol, on a standby, and where sessions are cancelled
# and ended at any moment: each error that a client was told of is counted once, and nobody's value is kept.
use strict;
use warnings FATAL => 'all';
use utf8;
use Encode qw(encode);
use FindBin;
use lib "$FindBin::RealBin/lib";
use FailureCases;
use Patience qw(becomes poll);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Protocol;
use Session;
use Test::More;

my $config = $ENV{PG_CONFIG} // 'pg_config';
my $headers = `$config --includedir-server`;
chomp $headers;
-e "$headers/postgres.h" or plan skip_all => "no headers of the server in $headers";
my $neighbour = PostgreSQL::Test::Utils::tempdir() . '/log_neighbour';
system_or_bail(qw(cc -O1 -fPIC -shared -Wno-format-security -I), $headers, '-o', "$neighbour.so", "$FindBin::RealBin/lib/log_neighbour.c");

sub make_node
{
    my ($name, $libraries) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(allows_streaming => 1, extra => [ '--locale=C', '--encoding=UTF8' ]);
    $node->append_conf('postgresql.conf', qq{
shared_preload_libraries = '$libraries'
log_min_error_statement = panic
max_connections = 40
});
    $node->start;
    $node->safe_psql('postgres', qq{
        create extension elile_optimize;
        create table item (id int primary key, name text not null, n int check (n >= 0));
        insert into item select g, 'n' || g, g from generate_series(1, 1000) g;
        create table line (id int primary key, item int references item deferrable initially deferred);
        create domain positive as int check (value > 0);
        create function raising(text) returns int language plpgsql as \$\$ begin raise exception 'no % here', \$1; end \$\$;
        create function inner_divides(int) returns int language plpgsql as \$\$ begin return (select count(*) from item where 1 / (id - \$1) > 0); end \$\$;
        create function folded(int) returns int language plpgsql immutable as \$\$ begin return 10 / \$1; end \$\$;
        create procedure calls(int) language plpgsql as \$\$ begin insert into item values (1, 'double'); end \$\$;
        create function neighbour_seen() returns bigint language c as '$neighbour';
        create function neighbour_starts(text) returns bool language c as '$neighbour';
        create function neighbour_template(text) returns int language c as '$neighbour';
        create function neighbour_heap(text) returns int language c as '$neighbour';
        create function neighbour_static(text) returns int language c as '$neighbour';
        create role stranger login;
        revoke all on item from stranger;
        analyze;
    });
    return $node;
}

# Each text's row, whichever way it is sent, but where the server itself does otherwise: what a transaction block needs, and
# which columns EXECUTE returns, which Parse asks for.
my @kinds = (
    [ 'selec 1', 'parse|42601' ],
    [ 'select nowhere from item', 'parse|42703' ],
    [ 'select * from nowhere', 'parse|42P01' ],
    [ 'select nothing(1)', 'parse|42883' ],
    [ q{select 'x'::int}, 'parse|22P02' ],
    [ 'select id, count(*) from item', 'parse|42803' ],
    [ 'select 1 union select 1, 2', 'parse|42601' ],
    [ 'select x.id from item, item x where id = 1', 'parse|42702' ],
    [ 'insert into item (id, id) values (1, 2)', 'parse|42701' ],
    [ 'select 1 / 0 from item', 'plan|22012' ],
    [ 'select folded(0)', 'plan|22012' ],
    [ q{select to_date('x', 'YYYY')}, 'execute|22007' ],
    [ 'select 1 / (id - 5) from item', 'execute|22012' ],
    [ 'insert into item values (2000, null)', 'execute|23502' ],
    [ q{insert into item values (5, 'x')}, 'execute|23505' ],
    [ q{insert into item values (2000, 'x', -1)}, 'execute|23514' ],
    [ 'select (id - 5)::positive from item', 'execute|23514' ],
    [ q{select raising(name) from item}, 'execute|P0001' ],
    [ 'select inner_divides(5)', 'execute|22012' ],
    [ 'select (select id from item)', 'execute|21000' ],
    [ q{select name::int from item}, 'execute|22P02' ],
    [ 'select repeat(name, 1000000000) from item', 'execute|54000' ],
    [ q{select ('[' || name)::jsonb from item}, 'execute|22P02' ],
    [ 'select pg_sleep(id - 0.9) from item', 'execute|57014' ],
    [ 'create table item (id int)', 'utility|42P07' ],
    [ 'drop table nowhere', 'utility|42P01' ],
    [ 'alter table item add column id int', 'utility|42701' ],
    [ 'create index on item (nowhere)', 'utility|42703' ],
    [ 'create role stranger', 'utility|42710' ],
    [ 'rollback to nowhere', 'utility|25P01', 'in a block' => 'utility|3B001' ],
    [ q{set work_mem = 'x'}, 'utility|22023' ],
    [ 'set nothing = 1', 'utility|42704' ],
    [ 'execute nowhere', 'utility|26000', map { $_ => 'parse|26000' } qw(extended pipelined prepared) ],
    [ 'fetch nowhere', 'utility|34000' ],
    [ 'truncate nowhere', 'utility|42P01' ],
    [ q{do $$ begin raise exception 'told'; end $$}, 'utility|P0001' ],
    [ q{do $$ begin insert into item values (5, 'x'); end $$}, 'execute|23505' ],
    [ 'call calls(1)', 'execute|23505' ],
    [ 'explain analyze select 1 / (id - 5) from item', 'execute|22012' ],
    [ 'create table made as select 1 / (id - 5) from item', 'execute|22012' ],
    [ 'copy (select 1 / (id - 5) from item) to stdout', 'execute|22012' ],
    [ q{copy item from '/nowhere'}, 'utility|58P01' ],
    [ 'insert into line values (1, -1)', 'commit|23503' ],
    [ q{select neighbour_template('S3CRET')}, 'execute|23514' ],
    [ q{select neighbour_heap('S3CRET')}, 'execute|23514' ],
    [ q{select neighbour_static('S3CRET')}, 'execute|23514' ]);

my %ways = (
    simple => sub { $_[0]->simple($_[1]) },
    extended => sub { $_[0]->extended($_[1])->sync->run },
    pipelined => sub { $_[0]->extended('select 1 as before')->extended($_[1])->extended('select 1 as behind')->sync->run },
    prepared => sub { my @failed = $_[0]->parse('s', $_[1])->bind('p', 's')->execute('p')->sync->run; $_[0]->add('C', "Ss\0")->sync->run; return @failed },
    'in a block' => sub { $_[0]->simple('begin'); my @failed = ($_[0]->simple($_[1]), $_[0]->simple('commit')); $_[0]->simple('rollback'); return @failed });

sub shows_kinds
{
    my ($node, $place) = @_;
    my $cases = FailureCases->new($node);
    foreach my $way (sort keys %ways)
    {
        my @wrong;
        my $client = Protocol->connect($node);
        $client->simple('set statement_timeout = 200');
        foreach my $at (0 .. $#kinds)
        {
            my ($text, $wanted, %of_way) = @{ $kinds[$at] };
            $wanted = $of_way{$way} // $wanted;
            $client->simple("set application_name = '$way $at'");
            my @failed = $ways{$way}->($client, $text);
            my $got = join ' ', "@failed:", split /\n/, $cases->ask("select phase, sqlstate, count from elile_optimize.failures where application_name = '$way $at'");
            push @wrong, "$text: $got" if $got ne ($wanted =~ /\|(.*)/)[0] . ": $wanted|1";
        }
        $client->close;
        is(join("\n", @wrong), '', "$place, $way: each once");
    }
    return $cases;
}

sub shown_by
{
    my ($node) = @_;
    return $node->safe_psql('postgres', q{
        select f::text from elile_optimize.failures f union all select s::text from elile_optimize.statements s union all select i::text from elile_optimize.info i});
}

for my $libraries ("$neighbour, elile_optimize", "elile_optimize, $neighbour", 'elile_optimize')
{
    my $place = $libraries =~ /elile_optimize$/ ? $libraries =~ /,/ ? 'behind a neighbour' : 'before a library that is loaded late' : 'before a neighbour';
    my $node = make_node($place =~ s/\W/_/gr, $libraries);
    my $cases = shows_kinds($node, $place);
    is($cases->ask(q{select string_agg(distinct format('%s %s', message, error_constraint), '|' order by format('%s %s', message, error_constraint)) from elile_optimize.failures where application_name ~ ' 4[345]$'}),
        'check_violation |neighbour refuses "%s" at %d neighbour_rule', "$place: a template is shown, and no message that has a value");
    unlike(shown_by($node), qr/S3CRET/, "$place: no secret");

    # Who is no client.
    my $count = q{select sum(count) from elile_optimize.failures where application_name <> 'not counted'};
    my $before = $cases->ask($count);
    my $from = -s $node->logfile;
    $cases->ask("select neighbour_starts('$neighbour')");
    my $walsender = Protocol->connect($node, replication => 'database', application_name => 'walsender');
    $walsender->simple($_) foreach 'start_replication slot nowhere logical 0/0', 'selec', 'select 1 / 0';
    Protocol->connect($node, replication => 'database', database => 'nowhere', application_name => 'walsender');
    ok(poll(sub { slurp_file($node->logfile, $from) =~ /neighbour's worker fails.*database "nowhere" does not exist/s }), "$place: a worker and a sender of WAL fail");
    is($cases->ask($count), $before, "$place: and are not counted");
    if ($libraries =~ /,/)
    {
        cmp_ok($cases->ask(q{select 1 / 0}) . $cases->ask('select neighbour_seen()'), '>=', 1, "$place: the neighbour sees errors too");
        like(slurp_file($node->logfile, $from), qr/neighbour has seen an error/, "$place: and logs");
    }
    $node->stop;
}

# The phases do not need the process's title where the error tells enough.
my $node = make_node('main', 'elile_optimize');
$node->append_conf('postgresql.conf', 'update_process_title = off');
$node->reload;
my $cases = shows_kinds($node, 'without titles');

# Names that are too long end in a whole character.
is($cases->ask(q{select distinct error_column from elile_optimize.failures where error_constraint = 'neighbour_rule'}), encode('utf-8', 'é' x 31), 'a long name in an error');
Protocol->connect($node, application_name => 'long names', database => encode('utf-8', 'xé' . 'é' x 40), user => encode('utf-8', 'é' x 40));
becomes('long names of a stranger', sub { $cases->ask(q{select datname, username, count from elile_optimize.failures where application_name = 'long names'}) },
    encode('utf-8', 'xé' . 'é' x 30 . '|' . 'é' x 31 . '|1'));
my $name = encode('utf-8', 'é' x 31 . 'x');
$cases->simple('names of 63 bytes', 'execute|23514|new row for relation "%s" violates check constraint "%s"|1',
    qq{create schema "$name"; create table "$name"."$name" (id int constraint "$name" check (id > 0))}, qq{insert into "$name"."$name" values (0)});
is($cases->ask(q{select error_schema, error_table, error_constraint, table_name from elile_optimize.failures where application_name = 'names of 63 bytes'}),
    join('|', ($name) x 3, "$name.$name"), 'are whole');

# What fails before it runs is not taken for the utility that failed before it.
$cases->case_of('after a utility', [ 'parse|42703|column "%s" does not exist|2', 'plan|22012|division by zero|1', 'utility|42P07|relation "%s" already exists|1' ], sub {
        $_[0]->simple($_) foreach 'create table item (id int)', 'select nowhere', 'select 1 / 0 from item', 'select nowhere';
});
is($cases->ask(q{select phase, table_name, queryid is null from elile_optimize.failures where application_name = 'after a utility' order by 1}),
    "parse||t\nplan|item|f\nutility||f", 'each has its own statement');

# Sessions are cancelled and ended at any moment. Each error that a client gets is one.
local $SIG{PIPE} = 'IGNORE';
$cases->ask('select elile_optimize.reset()');
my @texts = ('select pg_sleep(0.002) from item where id < 3', 'select count(*) from item a, item b where a.id + b.id > 3', 'selec', 'select 1 / 0', 'copy item to stdout',
    'begin; insert into line values (1, -1); commit', q{do $$ begin for i in 1 .. 300 loop perform count(*) from item; end loop; end $$},
    q{do $$ begin for i in 1 .. 100 loop begin perform 1 / 0; exception when division_by_zero then null; end; end loop; end $$},
    'begin; lock item; select pg_sleep(0.001); rollback', 'select count(*) from item', 'create temp table t as select g from generate_series(1, 1000) g; drop table t',
    'select inner_divides(5)', 'call calls(1)', 'explain analyze select count(*) from item, line', 'select neighbour_template(name) from item');
srand(22);
my %told;
my @clients;
my $killer = Session->new($node);

# Counts errors until the server was ready so many times, or closed the connection. Returns how many times it was.
sub listen_to
{
    my ($client, $times) = @_;
    my ($ready, $type, $body) = (0);
    while ($ready < $times && (($type, $body) = $client->next_message))
    {
        $ready++ if $type eq 'Z';
        $told{$1}++ if $type eq 'E' && $body =~ /\0C([^\0]+)\0/;
    }
    return $ready;
}

foreach my $round (1 .. 120)
{
    foreach my $at (0 .. 5)
    {
        $clients[$at] //= Protocol->connect($node, application_name => 'hammered');
        my $text = $texts[ rand @texts ];
        if ($text =~ /;/ || rand 2 < 1) { $clients[$at]->query($text); }
        else { $clients[$at]->extended('select 1')->extended($text)->extended('select 2')->sync; }
        $clients[$at]->query('rollback')->send;
    }
    $killer->ask(sprintf q{select pg_sleep(%f); select %s(pid) from pg_stat_activity where application_name = 'hammered' order by random() limit 2}, rand 0.004, rand 4 < 1 ? 'pg_terminate_backend' : 'pg_cancel_backend');
    foreach my $client (@clients)
    {
        $client = undef if listen_to($client, 2) < 2;
    }
}
# One that was ended may not have told it yet.
$_->add('X', '')->send && listen_to($_, 1) foreach grep { $_ } @clients;
becomes('each error that a client was told of is one', sub { $cases->ask(q{select string_agg(format('%s: %s', sqlstate, n), ' ' order by sqlstate) from
        (select sqlstate, sum(count) n from elile_optimize.failures where application_name = 'hammered' group by 1) f}) }, join ' ', map { "$_: $told{$_}" } sort keys %told);
is($cases->ask(q{select (select failed_queries from elile_optimize.summary) - sum(count) from elile_optimize.failures where phase <> 'connect'}), '0', 'in summary too');

# Where even FATAL goes to no log, those of execution and utilities are counted.
$cases->ask(q{alter system set log_min_messages = panic; select pg_reload_conf()});
poll(sub { $cases->ask('show log_min_messages') eq 'panic' });
$cases->case_of('silent', [ 'execute|22012|division_by_zero|1', 'execute|57P01|admin_shutdown|1', 'utility|42P07|duplicate_table|1' ], sub {
        my ($client) = @_;
        $client->simple($_) foreach 'select 1 / (id - 5) from item', 'create table item (id int)', 'selec';
        $client->query('select pg_sleep(600) from item')->send;
        poll(sub { $killer->ask(q{select count(*) from pg_stat_activity where application_name = 'silent' and wait_event = 'PgSleep'}) });
        $killer->ask(q{select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'silent'});
        $client->until_ready;
});
$cases->ask(q{alter system reset log_min_messages; select pg_reload_conf()});

# A standby has its own.
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
$standby->poll_query_until('postgres', q{select state = 'ready' from elile_optimize.info}) or die;
my $of_standby = FailureCases->new($standby);
my $of_primary = $cases->ask('select sum(count) from elile_optimize.failures');
$of_standby->simple('standby reads', 'execute|22012|division by zero|1', 'select 1 / (id - 5) from item');
$of_standby->simple('standby parses', 'parse|42703|column "%s" does not exist|1', 'select nowhere');
$of_standby->simple('standby writes', 'execute|25006|cannot execute %s in a read-only transaction|1', q{insert into item values (0, '')});
$of_standby->simple('standby makes', 'utility|25006|cannot execute %s in a read-only transaction|1', 'create table made (id int)');
is($cases->ask('select sum(count) from elile_optimize.failures'), $of_primary, 'none of them on the primary');
$_->stop foreach $standby, $node;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'no process died');
done_testing();

# N+1 patterns of real ORMs are found, whichever way their statements come, and nothing else is.
use strict;
use warnings;
use FindBin;
use HTTP::Tiny;
use lib "$FindBin::RealBin/lib";
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $python = '/usr/bin/python3';
my $entities = 50;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = -1
});
$node->start;
$node->safe_psql('postgres', qq{
create extension elile_optimize;
create table entity (id int primary key, name text);
create table profile (id int primary key, entity_id int not null references entity, kind text);
create table version (id int primary key, profile_id int not null references profile);
insert into entity select g, 'entity ' || g from generate_series(1, $entities) g;
insert into profile select g, (g - 1) / 3 + 1, 'p' from generate_series(1, 150) g;
insert into version select g, (g - 1) / 2 + 1 from generate_series(1, 300) g;
analyze;
});

my $found_sql = q{
select string_agg(format('%s/%s/%s/%s', table_name, occurrences, runs_per_occurrence, round_trips_saved), ' '
    order by table_name collate "C", round_trips_saved)
from elile_optimize.n_plus_one};

sub found { return $node->safe_psql('postgres', $found_sql) }
sub forget { $node->safe_psql('postgres', 'select elile_optimize.reset()'); return }
sub log_size { return -s $node->logfile }

# What a program of a client leaves in the view.
sub found_of
{
    my ($environment, @command) = @_;
    forget();
    local %ENV = (%ENV, %$environment);
    my ($out, $err) = ('', '');
    my $done = IPC::Run::run(\@command, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    if (!$done)
    {
        diag("@command: $err");
        return "failed";
    }
    return found();
}

my $direct = { PGHOST => $node->host, PGPORT => $node->port, PGUSER => 'postgres', PGDATABASE => 'postgres' };
my $lazy = 'profile/1/50/49';
my $nested = 'profile/1/50/49 version/1/150/149';

sub orm_is_seen
{
    my ($how, $environment, @ways) = @_;
    for my $way (@ways)
    {
        my @orm = ($python, "$FindBin::RealBin/lib/loop_sqlalchemy.py", @$way);
        my $what = "SQLAlchemy, @$way, $how";
        is(found_of($environment, @orm, 'lazy'), $lazy, "$what: lazy");
        is(found_of($environment, @orm, 'nested'), $nested, "$what: lazy in two levels");
        is(found_of($environment, @orm, $_), '', "$what: $_") for qw(selectin joined subquery);
    }
    my @orm = ($python, "$FindBin::RealBin/lib/loop_django.py");
    is(found_of($environment, @orm, 'lazy'), $lazy, "Django, $how: lazy");
    is(found_of($environment, @orm, 'lazy_to_one'), 'entity/1/150/149', "Django, $how: lazy to one");
    is(found_of($environment, @orm, $_), '', "Django, $how: $_") for qw(prefetch select);
    return;
}

my @psycopg2 = map { [ 'psycopg2', $_ ] } qw(transaction AUTOCOMMIT);
orm_is_seen('direct', $direct, @psycopg2, map { [ 'asyncpg', $_ ] } qw(transaction AUTOCOMMIT));

# Through PgBouncer in transaction mode. SQLAlchemy prepares what it runs by asyncpg, under names that
# begin anew with each client, so PgBouncer has to throw them away after each transaction, and there has to be one.
my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } (split /:/, $ENV{PATH}), '/usr/sbin';
SKIP:
{
    skip 'PgBouncer is not installed', 19 if !defined $pgbouncer;
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my $home = PostgreSQL::Test::Utils::tempdir_short();
    append_to_file("$home/users.txt", qq{"postgres" ""\n});
    append_to_file("$home/pgbouncer.ini", join("\n",
            '[databases]', 'postgres = host=' . $node->host . ' port=' . $node->port, '[pgbouncer]',
            "listen_port = $port", 'listen_addr =', "unix_socket_dir = $home", 'auth_type = trust', "auth_file = $home/users.txt",
            'pool_mode = transaction', 'server_reset_query_always = 1', 'server_reset_query = DEALLOCATE ALL', "logfile = $home/log", "pidfile = $home/pid", 'ignore_startup_parameters = extra_float_digits,jit', ''));
    system_or_bail($pgbouncer, '-q', '-d', "$home/pgbouncer.ini");
    my $pooled = { %$direct, PGHOST => $home, PGPORT => $port };
    orm_is_seen('through PgBouncer', $pooled, @psycopg2, [ 'asyncpg', 'transaction' ]);
    kill 'TERM', slurp_file("$home/pid");
}

# What the application's habit is: one row, its suggestion, and the same rows by it.
forget();
my $session = Session->new($node);
$session->ask('select id from entity order by id');
$session->ask("select * from profile where entity_id = $_") for 1 .. $entities;
is(found(), $lazy, 'seen while the session that sent them is idle');
is($node->safe_psql('postgres', 'select evidence, cost_after < cost_before from elile_optimize.n_plus_one'), 'planned|t', 'planned');
like($node->safe_psql('postgres', 'select suggestion from elile_optimize.n_plus_one'),
    qr/entity_id = any\(\$1\)/, 'with the statement for all of them');

# A line in the log, once an hour.
my $log_begin = log_size();
for (1 .. 3)
{
    $session->ask('select id from entity order by id');
    $session->ask("select * from profile where entity_id = $_") for 1 .. $entities;
}
$session->ask('select id from entity order by id');
$session->close;
my $log = slurp_file($node->logfile, $log_begin);
my @lines = $log =~ /n\+1: (\d+) runs of .*, (\d+) round trips could be saved, [\d.]+ ms/g;
is("@lines", '50 49', 'one line in the log, when the loop first ended');

# In metrics, and on the status page without texts.
my $metrics_port = PostgreSQL::Test::Cluster::get_free_port();
$node->safe_psql('postgres', "alter system set elile_optimize.metrics_port = $metrics_port; select pg_reload_conf()");
sub page_has
{
    my ($path, $wanted) = @_;
    my $got = '';
    poll(sub { ($got = HTTP::Tiny->new->get("http://127.0.0.1:$metrics_port$path")->{content}) =~ $wanted });
    return $got;
}
my $counted = qr/^elile_db_n_plus_one_total\{database="postgres",table="profile"\} 4$/m;
like(page_has('/metrics', $counted), $counted, 'counted by table');
my $page = page_has('/', qr/id="loops"/);
my ($section) = $page =~ m{<section aria-labelledby="loops">(.*?)</section>}s;
like($section, qr/profile.*>4<.*>50.*>196</s, 'listed on the status page');
unlike($section, qr/entity_id/, 'without its text');

# False alarms.
sub silent
{
    my ($what, $act) = @_;
    forget();
    $act->();
    is(found(), '', "silent: $what");
    return;
}
sub pgbench
{
    my @arguments = @_;
    $node->command_ok([ 'pgbench', '-n', '-p', $node->port, '-h', $node->host, '-c', 2, @arguments, 'postgres' ], "pgbench @arguments");
    return;
}
sub in_session
{
    my ($act, %options) = @_;
    my $client = Session->new($node, %options);
    $act->($client);
    $client->close;
    return;
}

$node->command_ok([ 'pgbench', '-i', '-q', '-p', $node->port, '-h', $node->host, 'postgres' ], 'pgbench -i');
my $bench_s = $ENV{ELILE_PGBENCH_SECONDS} // 2;
for my $script (qw(tpcb-like simple-update select-only))
{
    silent("pgbench $script, $_", sub { pgbench('-b', $script, '-M', $_, '-T', $bench_s) }) for qw(simple extended prepared);
}
silent('pg_dump', sub { $node->command_ok([ 'pg_dump', '-f', '/dev/null', $node->connstr('postgres') ], 'pg_dump') });
silent("psql's catalogue commands", sub {
        $node->safe_psql('postgres', '\d\n\d entity\n\d *\n\d+ *\n\df\n\l\n\du\n\dn\n\di+\n' =~ s/\\n/\n/gr);
});
silent('COPY', sub {
        $node->safe_psql('postgres', q{
copy (select * from entity) to stdout;
create temporary table copied (like entity);
copy copied from stdin;
1	a
2	b
\.
});
});
silent('batch inserts and updates', sub {
        $node->safe_psql('postgres', join("\n", 'select id from entity;',
                (map { "insert into version values ($_, 1);" } 1001 .. 1100),
                (map { "update version set profile_id = 2 where id = $_;" } 1001 .. 1100),
                (map { "insert into version values ($_, 1) returning id;" } 1101 .. 1200)));
});
silent('a cursor fetched row by row', sub {
        $node->safe_psql('postgres', join("\n", 'select id from entity;', 'begin;', 'declare c cursor for select * from profile;',
                ('fetch next from c;') x 100, 'commit;', 'declare h cursor with hold for select * from profile;', ('fetch 1 from h;') x 50));
});
silent('a worker that polls', sub {
        $node->safe_psql('postgres', join("\n", map { "select id from profile where id > $_ order by id limit 20;" } 1 .. 200));
});
silent('a worker that looks after each row until it is done', sub {
        $node->safe_psql('postgres', join("\n", 'select id from profile limit 20;', map { "select kind from profile where id = " . ($_ % 20) . ";" } 1 .. 200));
});
silent('a retry loop', sub {
        $node->safe_psql('postgres', join("\n", 'select id from entity;', ('select * from profile where entity_id = 7 for update;') x 100));
});
silent('unrelated look-ups over transactions', sub {
        $node->safe_psql('postgres', join("\n", 'select id from entity;',
                map { ('begin;', "select * from profile where id = $_;", "select * from version where id = $_;", 'commit;') } 1 .. 1000));
});
silent('health checks of a pool', sub {
        $node->safe_psql('postgres', join("\n", 'select id from entity;',
                map { ('select 1;', "/* check $_ */ select 1;", "select $_;", "select set_config('application_name', 'c$_', false);") } 1 .. 100));
});
my ($alembic) = grep { -x } map { "$_/alembic" } (split /:/, $ENV{PATH}), '/usr/bin';
SKIP:
{
    skip 'Alembic is not installed', 1 if !defined $alembic;
    my $home = PostgreSQL::Test::Utils::tempdir();
    silent('a migration tool', sub {
            is(found_of($direct, $python, "$FindBin::RealBin/lib/migrate_alembic.py", $home), '', 'Alembic migrates, and compares 60 tables');
    });
}

# A client that binds its parameters, pipelined: one loop of many, and a million statements of one session.
forget();
$node->command_ok([ 'pgbench', '-n', '-p', $node->port, '-h', $node->host, '-M', 'prepared', '-t', 2000, '-f', "$FindBin::RealBin/lib/loop.pgbench", 'postgres' ],
    'a loop by prepared statements, 2,000 times');
is($node->safe_psql('postgres', 'select table_name, occurrences, runs_per_occurrence from elile_optimize.n_plus_one'), 'profile|2000|12', 'each found');

# More applications than are told apart.
forget();
$node->safe_psql('postgres', join("\n", map {
            my $application = $_;
            ("set application_name = 'application $application';", 'select id from entity order by id limit 10;',
                map { "select * from profile where entity_id = $_;" } 1 .. 10)
} 1 .. 70));
is($node->safe_psql('postgres', q{
    select count(*) filter (where application_name = '(other)'), count(*) < 66, sum(occurrences),
        (select applications_overflow > 0 from elile_optimize.info)
    from elile_optimize.n_plus_one}), '1|t|70|t', 'the rest of 70 applications are one');

done_testing();

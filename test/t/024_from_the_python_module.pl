# The program of docs/from-the-python-module.md runs and prints what is said there; SQLAlchemy's pool,
# made from pool_config(), does what the preset says.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = '/usr/bin/python3';
plan skip_all => 'SQLAlchemy or psycopg2 is missing'
    if system("$python -c 'import sqlalchemy, psycopg2' 2>/dev/null") != 0;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->start;
$node->safe_psql('postgres', q{create extension elile_optimize; create role app login;
    grant create on schema public to app;
    grant execute on function elile_optimize.set_connection_pool_size(integer) to app});
my $folder = PostgreSQL::Test::Utils::tempdir();

# Output and errors of a Python program.
sub run_python
{
    my ($name, $program) = @_;
    my ($out, $err) = ('', '');
    append_to_file("$folder/$name.py", $program);
    local $ENV{DATABASE_URL} = 'postgresql+psycopg2://app@/postgres?host=' . $node->host . '&port=' . $node->port
        . '&application_name=screening';
    IPC::Run::run([ $python, "$folder/$name.py" ], '>', \$out, '2>', \$err,
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    return ($out, $err);
}

my $document = slurp_file("$FindBin::RealBin/docs/from-the-python-module.md");
my ($program) = $document =~ /^```python\n(.*?)^```$/ms;
my ($printed) = $document =~ /^prints\n\n```\n(.*?)^```$/ms;
my ($out, $err) = run_python('document', $program);
is($out, $printed, 'the program prints what the document says');
is($err, '', 'and nothing else');
is($node->safe_psql('postgres', q{select string_agg(calls::text, ' ' order by query ~ 'JOIN') from elile_optimize.statements
        where query ~ 'entities' and query ~ '^SELECT' and query !~ 'pg_catalog'}),
    '1 1', 'a select-in load and a joined load are a statement each');

# Statements and what pool_statistics says of the program's sessions after each step.
($out, $err) = run_python('pool', <<'PYTHON');
import os, time
from sqlalchemy import create_engine, exc, text
from sqlalchemy.pool import NullPool

url = os.environ["DATABASE_URL"].replace("screening", "pool")
watch = create_engine(os.environ["DATABASE_URL"], poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()


def engine(**numbers):
    arguments = "".join(f", {name} => {value}" for name, value in numbers.items())
    return create_engine(url, **watch.execute(text(
        f"select elile_optimize.pool_config('production', 'sqlalchemy'{arguments})")).scalar_one())


def seen(what):
    return watch.execute(text(
        f"select {what} from elile_optimize.pool_statistics where application_name = 'pool' and username = 'app'")).scalar()


def wait_for(what, wanted):
    for _ in range(600):
        if seen(what) == wanted:
            break
        time.sleep(0.1)
    print(what, seen(what))


pool = engine(pool_size=4, max_overflow=2, pool_timeout_seconds=1, statement_timeout_ms=1234)
busy = [pool.connect() for _ in range(6)]
for connection in busy:
    connection.execute(text("select 1"))
wait_for("pool_size", 6)
wait_for("checked_out", 6)
print(busy[0].execute(text("show statement_timeout")).scalar())
try:
    pool.connect()
except exc.TimeoutError:
    print("the seventh waited in vain")
for connection in busy:
    connection.close()
wait_for("pool_size", 4)
wait_for("checked_in", 4)
wait_for("connections_opened", 6)

# Pre-ping: sessions that the server has ended are noticed before they are handed out.
watch.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pool'"))
wait_for("pool_size", 0)
with pool.connect() as connection:
    print("select", connection.execute(text("select 7")).scalar())
wait_for("connections_opened", 7)
pool.dispose()
wait_for("pool_size", 0)

# Recycle.
pool = engine(pool_size=1, max_overflow=0, pool_recycle_seconds=1)
backends = set()
while len(backends) < 3:
    with pool.connect() as connection:
        backends.add(connection.execute(text("select pg_backend_pid()")).scalar())
    time.sleep(0.1)  # a connection must become a second old
wait_for("connections_opened", 10)
PYTHON
is($out, <<'PRINTED', 'size, overflow, timeouts, pre-ping and recycle of SQLAlchemy\'s pool are seen in pool_statistics');
pool_size 6
checked_out 6
1234ms
the seventh waited in vain
pool_size 4
checked_in 4
connections_opened 6
pool_size 0
select 7
connections_opened 7
pool_size 0
connections_opened 10
PRINTED
is($err, '', 'without an error');

done_testing();

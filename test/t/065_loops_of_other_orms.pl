# Lazy forms of ORMs that Debian has are found with the right runs, each time, and eager ones are silent.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'elile_optimize'
elile_optimize.slow_query_threshold = -1
});
$node->start;
$node->safe_psql('postgres', q{
create extension elile_optimize;
create table entity (id int primary key, name text);
create table profile (id int primary key, entity_id int not null references entity, kind text);
insert into entity select g, 'entity ' || g from generate_series(1, 50) g;
insert into profile select g, (g - 1) / 3 + 1, 'p' from generate_series(1, 150) g;
analyze;
});

my $lib = "$FindBin::RealBin/lib";
my @orms = (
    [ 'Peewee', [ '/usr/bin/python3', '-c', 'import peewee, psycopg2' ], [ '/usr/bin/python3', "$lib/loop_peewee.py" ] ],
    [ 'Sequel', [ 'ruby', '-e', 'require "sequel"; require "pg"' ], [ 'ruby', "$lib/loop_sequel.rb" ] ],
    [ 'ActiveRecord', [ 'ruby', '-e', 'require "active_record"; require "pg"' ], [ 'ruby', "$lib/loop_activerecord.rb" ], 'prepared', 'plain' ],
    [ 'DBIx::Class', [ 'perl', '-MDBIx::Class', '-MDBD::Pg', '-e', '1' ], [ 'perl', "$lib/loop_dbix.pl" ], 'prepared', 'plain' ]);
my %wanted = (lazy => 'profile/2/50', one => 'entity/2/150', eager => '');

sub succeeds
{
    my @command = @_;
    my ($out, $err) = ('', '');
    my $done = eval { IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default)) };
    diag($err) if !$done && $command[1] =~ /loop_/;
    return $done;
}

local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGUSER => 'postgres', PGDATABASE => 'postgres');
my $loops_sql = q{
select string_agg(format('%s/%s/%s', table_name, occurrences, runs_per_occurrence), ' ' order by table_name collate "C")
from elile_optimize.n_plus_one};
for my $orm (@orms)
{
    my ($name, $probe, $command, @ways) = @$orm;
    SKIP:
    {
        skip "$name is not installed", 3 * (@ways || 1) if !succeeds(@$probe);
        for my $way (@ways ? @ways : '')
        {
            for my $loading (sort keys %wanted)
            {
                $node->safe_psql('postgres', 'select elile_optimize.reset()');
                my $done = succeeds(@$command, $loading, $way) && succeeds(@$command, $loading, $way);
                is($done ? $node->safe_psql('postgres', $loops_sql) : 'failed', $wanted{$loading}, "$name $way: $loading, twice");
            }
        }
    }
}

done_testing();

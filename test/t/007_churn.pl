# More statements than room: memory stays, evictions are counted, no execution is lost.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->append_conf('postgresql.conf', 'elile_optimize.max_statements = 100');
$node->append_conf('postgresql.conf', 'elile_optimize.track = all');
$node->start;
$node->safe_psql('postgres', 'create extension elile_optimize; create table t (a int)');

my $distinct = 5000;
$node->safe_psql('postgres', qq{do \$\$
declare
    shape text;
begin
    for i in 1..$distinct loop
        shape := 'select count(*) from t where true';
        for bit in 0..12 loop
            shape := shape || case when (i >> bit) & 1 = 1 then ' and a > 1' else ' and a < 1' end;
        end loop;
        execute shape;
    end loop;
end \$\$});
is($node->safe_psql('postgres',
        q{select sum(calls) from elile_optimize.table_operations
		  where table_name = 't' and operation = 'select'}),
    $distinct, 'each execution is counted for its table');
is($node->safe_psql('postgres',
        'select entries <= max_entries, evictions >= 4800 from elile_optimize.info'),
    't|t', 'the limit holds and evictions are counted');
is($node->safe_psql('postgres', 'select shared_memory_bytes < 40 * 1024 * 1024 from elile_optimize.info'),
    't', 'below 40 MB');

done_testing();

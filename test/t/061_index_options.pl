# Options of an access method that the server does not have by itself belong to its indexes: bloom's are what it is made of.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'elile_optimize'});
$node->start;
plan skip_all => 'this server has no bloom'
    if !$node->safe_psql('postgres', q{select count(*) from pg_available_extensions where name = 'bloom'});

$node->safe_psql('postgres', q{
create extension elile_optimize;
create extension bloom;
create table stored (a text, b text);
create index plain on stored using bloom (a, b);
create index as_by_default on stored using bloom (a, b) with (length = 80, col1 = 2, col2 = 2);
create index long on stored using bloom (a, b) with (length = 160);
create index long_a on stored using bloom (a, b) with (length = 160, col1 = 4);
create index a_long on stored using bloom (a, b) with (col1 = 4, length = 160);
create index long_b on stored using bloom (a, b) with (length = 160, col2 = 4);
create index many_bits on stored using bloom (a, b) with (col1 = 12);
create index only_a on stored using bloom (a);
});
is($node->safe_psql('postgres', q{select index_name, kept_index, kind from elile_optimize.redundant_indexes order by 1}),
    "a_long|long_a|duplicate\nas_by_default|plain|duplicate", 'only equal ones are duplicates');

done_testing();

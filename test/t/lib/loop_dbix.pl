# Reads entities and their profiles: one by one (lazy), an entity for each profile (one), or at once (eager).
use strict;
use warnings;
package S::Entity; use base 'DBIx::Class::Core'; __PACKAGE__->table('entity'); __PACKAGE__->add_columns('id', 'name'); __PACKAGE__->set_primary_key('id'); __PACKAGE__->has_many(profiles => 'S::Profile', 'entity_id');
package S::Profile; use base 'DBIx::Class::Core'; __PACKAGE__->table('profile'); __PACKAGE__->add_columns('id', 'entity_id', 'kind'); __PACKAGE__->set_primary_key('id'); __PACKAGE__->belongs_to(entity => 'S::Entity', 'entity_id');
package S; use base 'DBIx::Class::Schema'; __PACKAGE__->register_class(Entity => 'S::Entity'); __PACKAGE__->register_class(Profile => 'S::Profile');
package main; my $s = S->connect("dbi:Pg:dbname=postgres;host=$ENV{PGHOST};port=$ENV{PGPORT}", 'postgres', '', { pg_server_prepare => ($ARGV[1] eq "prepared" ? 1 : 0) });
my $w = shift; if ($w eq 'lazy') { for ($s->resultset('Entity')->all) { $_->profiles->all } } elsif ($w eq 'one') { for ($s->resultset('Profile')->all) { $_->entity->name } } else { for ($s->resultset('Entity')->search({}, { prefetch => 'profiles' })->all) { $_->profiles->all } }

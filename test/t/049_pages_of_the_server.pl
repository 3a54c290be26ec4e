# docs/settings.md, docs/views.md and docs/limits.md say what the server says: every setting with its default, unit, range and
# who may change it, every view and column, every limit that is counted.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'elile_optimize'");
$node->start;
$node->safe_psql('postgres', 'create role app; create schema screening; create extension elile_optimize');

sub page { my ($name) = @_; return slurp_file("$FindBin::RealBin/docs/$name.md"); }

sub rows { my ($query) = @_; return map { [ split /\|/, $_, -1 ] } split /\n/, $node->safe_psql('postgres', $query); }

my %changed_by = (user => 'everybody', superuser => 'superuser', sighup => 'reload', postmaster => 'restart');

# The line that an entry has to have; values of a text are in the page's words.
sub line_of
{
    my ($default, $unit, $least, $most, $values, $type, $context) = @_;
    my $shown = $default eq '' ? 'empty' : "`$default`" . ($unit eq '' ? '' : " $unit");
    my $domain = $least ne '' ? "**range** $least to $most" : '**values** ' . ($type eq 'bool' ? 'on, off' : $values);
    my $line = quotemeta("**Default** $shown \x{b7} $domain");
    $line .= '[^\n]+' if $type eq 'string';
    return qr/^$line${\quotemeta(" \x{b7} **changed by** $changed_by{$context}")}$/m;
}

# Entries by name; a name that comes twice is in the list of those.
utf8::decode(my $settings = page('settings'));
my (%entries, @twice);
for my $part (split /^(?=\#\#+ )/m, $settings)
{
    my ($name) = $part =~ /\A\#\#\# (\w+)\n/ or next;
    push @twice, $name if exists $entries{$name};
    $entries{$name} = $part;
}
is("@twice", '', 'no setting has two entries');
my @examples;
for (rows(q{select substr(name, length('elile_optimize.') + 1), boot_val, coalesce(unit, ''), min_val, max_val,
        coalesce(array_to_string(enumvals, ', '), ''), vartype, context
    from pg_settings where name like 'elile\_optimize.%' order by name}))
{
    my ($name, @facts) = @$_;
    my $entry = delete $entries{$name} // '';
    like($entry, line_of(@facts), "settings.md: $name is as the server has it");
    my ($example) = $entry =~ /^Example: `([^`]+)`$/m;
    like($example // '', qr/\belile_optimize\.$name\b/, "and has an example");
    push @examples, [ $name, $example // '' ];
}
is(join(' ', sort keys %entries), '', 'the page has no setting that the server lacks');

# Examples are statements, or lines of the configuration, which the server is not told to read: no port is opened here.
my %needs_18 = map { $_ => 1 } qw(compute_plan_id log_extension_options);
my $version = $node->safe_psql('postgres', 'show server_version_num');
for (grep { $version >= 180000 || !$needs_18{ $_->[0] } } @examples)
{
    my $example = $_->[1];
    my $statement = $example =~ /;$/ ? $example : "alter system set $example";
    is(($node->psql('postgres', $statement))[0], 0, $example);
}

# Views: a heading for each, and every column between backticks below it.
my %sections = map { /\A\#\# (\w+)\n(.*)\z/s ? ($1 => $2) : () } split /^(?=\#\# )/m, page('views');
for (rows(q{select c.relname, string_agg(a.attname, ',' order by a.attnum)
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'elile_optimize'::regnamespace and c.relkind = 'v' group by 1 order by 1}))
{
    my ($view, $columns) = @$_;
    my $section = $sections{$view} // '';
    my @lacking = grep { $section !~ /`$_`/ } split /,/, $columns;
    isnt($section, '', "views.md: $view");
    is("@lacking", '', 'and its columns');
}

# Functions for people: a view's rows, and what scripts call, are no concern of a reader's.
my $functions = page('views');
for (rows(q{select distinct proname from pg_proc p
    where pronamespace = 'elile_optimize'::regnamespace and proname !~ '^_|_rows?$'
        and proname !~ '^(require_|build_small_|index_build_progress|selects_since)' order by 1}))
{
    like($functions, qr/`$_->[0]\(/, "views.md: $_->[0]()");
}

# Numbers of info that are no size and no measurement count how often a limit was hit.
my $limits = page('limits');
my @limits = rows(q{select attname from pg_attribute
    where attrelid = 'elile_optimize.info'::regclass and attnum > 0 and atttypid in ('bigint'::regtype, 'jsonb'::regtype)
        and attname !~ '(^|_)(entries|bytes)$' order by 1});
cmp_ok(scalar(@limits), '>=', 20, 'info counts limits');
like($limits, qr/^\| `$_->[0]` \| \S/m, "limits.md: $_->[0]") for @limits;
$node->stop;
done_testing();

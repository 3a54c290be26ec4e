#!/usr/bin/env perl
# Checks a META.json by PGXN's specification 1.0.0: scripts/check_meta.pl FOLDER, which has META.json and the files
# that it names. Each fault is a line of standard error.
use strict;
use warnings;
use JSON::PP;

my $folder = shift // '.';
my @faults;

sub fault { push @faults, join '', @_ }
sub is_map { ref $_[0] eq 'HASH' }
sub is_text { defined $_[0] && !ref $_[0] && length $_[0] }

sub contents
{
    my $path = shift;
    open my $file, '<:raw', "$folder/$path" or return;
    local $/ = undef;
    return <$file>;
}

# A version is three numbers and perhaps a word; a range is versions, each with an operator before it.
my $number = qr/(?:0|[1-9][0-9]*)/;
my $version = qr/$number\.$number\.$number(?:-?[A-Za-z][0-9A-Za-z-]*)?/;
my $range = qr/(?:0|(?:(?:[<>]=?|[!=]=)\s*)?$version(?:\s*,\s*(?:[<>]=?|[!=]=)\s*$version)*)/;

my %checks = (
    term => sub { is_text($_[0]) && length $_[0] >= 2 && $_[0] !~ m{[\s/\\[:cntrl:]]} },
    text => \&is_text,
    version => sub { is_text($_[0]) && $_[0] =~ /^$version$/ },
    texts => sub { ref $_[0] eq 'ARRAY' ? @{ $_[0] } && !grep { !is_text($_) } @{ $_[0] } : is_text($_[0]) },
    tag => sub { is_text($_[0]) && length $_[0] <= 255 && $_[0] !~ m{[/\\[:cntrl:]]} },
    status => sub { is_text($_[0]) && $_[0] =~ /^(?:stable|testing|unstable)$/ },
    url => sub { is_text($_[0]) && $_[0] =~ m{^[a-z][a-z0-9+.-]*:\S+$} },
    file => sub { is_text($_[0]) && $_[0] !~ m{^/|(?:^|/)\.\.(?:/|$)} && -f "$folder/$_[0]" },
    map => \&is_map,
);
my %licenses = map { $_ => 1 } qw(agpl_3 apache_1_1 apache_2_0 artistic_1 artistic_2 bsd freebsd gfdl_1_2 gfdl_1_3
    gpl_1 gpl_2 gpl_3 lgpl_2_1 lgpl_3_0 mit mozilla_1_0 mozilla_1_1 openssl perl_5 postgresql qpl_1_0 ssleay sun zlib
    open_source restricted unrestricted unknown);
$checks{license} = sub {
    return !grep { !$checks{url}->($_) } values %{ $_[0] } if is_map($_[0]);
    return $checks{texts}->($_[0]) && !grep { !$licenses{$_} } ref $_[0] ? @{ $_[0] } : $_[0];
};
$checks{tags} = sub { ref $_[0] eq 'ARRAY' && @{ $_[0] } && !grep { !$checks{tag}->($_) } @{ $_[0] } };

# check_keys MAP, WHERE, REQUIRED, OPTIONAL: both of the latter are maps of keys to kinds.
sub check_keys
{
    my ($map, $where, $required, $optional) = @_;
    my %kinds = (%$required, %$optional);
    return fault("$where is no object") unless is_map($map);
    exists $map->{$_} or fault("$where has no $_") for sort keys %$required;
    for my $key (sort keys %$map)
    {
        next if $key =~ /^x_/i;
        my $kind = $kinds{$key};
        if (!$kind) { fault("$where has the unknown key $key") }
        elsif (!$checks{$kind}->($map->{$key})) { fault("$where: $key is no $kind") }
    }
}

sub check_prereqs
{
    my $prereqs = shift;
    for my $phase (sort keys %$prereqs)
    {
        fault("prereqs: there is no phase $phase") unless $phase =~ /^(?:configure|build|test|runtime|develop)$/;
        my $relations = $prereqs->{$phase};
        fault("prereqs: $phase is no object") unless is_map($relations);
        for my $relation (is_map($relations) ? sort keys %$relations : ())
        {
            fault("prereqs: there is no relation $relation")
                unless $relation =~ /^(?:requires|recommends|suggests|conflicts)$/;
            my $needs = $relations->{$relation};
            /^$range$/ or fault("prereqs: $_ is no range of versions") for is_map($needs) ? values %$needs : "no object";
        }
    }
}

# What the server goes by is the control file; its version has as many numbers as it likes.
sub check_control
{
    my ($name, $extension) = @_;
    my $control = contents("$name.control") // return fault("provides: there is no $name.control");
    my ($default) = $control =~ /^default_version\s*=\s*'([^']+)'/m;
    my $padded = $default // 'none';
    $padded .= '.0' while $padded =~ /^[0-9.]+$/ && ($padded =~ tr/.//) < 2;
    fault("provides: $name is $extension->{version}, its control file says $padded") if $padded ne $extension->{version};
}

my $meta = eval { decode_json(contents('META.json') // die "cannot be read: $!\n") };
if (!$meta)
{
    fault("META.json: $@");
}
else
{
    check_keys($meta, 'META.json',
        { name => 'term', version => 'version', abstract => 'text', maintainer => 'texts', license => 'license',
            provides => 'map', 'meta-spec' => 'map' },
        { description => 'text', generated_by => 'text', no_index => 'map', prereqs => 'map', release_status => 'status',
            resources => 'map', tags => 'tags' });
    check_keys($meta->{'meta-spec'}, 'meta-spec', { version => 'version' }, { url => 'url' });
    for my $name (is_map($meta->{provides}) ? sort keys %{ $meta->{provides} } : ())
    {
        my $extension = $meta->{provides}{$name};
        check_keys($extension, "provides: $name", { file => 'file', version => 'version' },
            { abstract => 'text', docfile => 'file' });
        check_control($name, $extension) if is_map($extension);
    }
    check_prereqs($meta->{prereqs}) if is_map($meta->{prereqs});
}
print STDERR "$_\n" for @faults;
exit !!@faults;

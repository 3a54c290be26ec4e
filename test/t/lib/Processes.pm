# Which processes a server has, as /proc has them.
package Processes;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(read_file state_of children_of postmaster_of keeper_of exporters_of);

# '' when it cannot be read; a process may go at any time.
sub read_file
{
    my ($path) = @_;
    open(my $file, '<', $path) or return '';
    local $/;
    return <$file> // '';
}

# What proc(5) says: (state, parent, start), or nothing. The name may have any character.
sub state_of
{
    my ($pid) = @_;
    my ($rest) = read_file("/proc/$pid/stat") =~ /.*\)\s+(.*)/s or return;
    my @fields = split / /, $rest;
    return @fields[ 0, 1, 19 ];
}

sub children_of
{
    my ($parent) = @_;
    my @children;
    for my $path (glob '/proc/[0-9]*')
    {
        my ($pid) = $path =~ /(\d+)$/;
        my ($state, $parent_pid) = state_of($pid);
        push @children, $pid
            if defined $state && $state !~ /[ZX]/ && $parent_pid == $parent;
    }
    return @children;
}

sub postmaster_of
{
    my ($node) = @_;
    return (split /\n/, read_file($node->data_dir . '/postmaster.pid'))[0];
}

sub keeper_of
{
    my ($node) = @_;
    my ($keeper) = grep { read_file("/proc/$_/cmdline") =~ /^postgres: .*elile_optimize keeper/ }
        children_of(postmaster_of($node));
    return $keeper;
}

sub exporters_of
{
    my ($node) = @_;
    my $keeper = keeper_of($node) or return;
    return grep { read_file("/proc/$_/cmdline") =~ /^elile_optimize_exporter/ } children_of($keeper);
}

1;

#!/usr/bin/perl
# Runs a program with personality() refused, as Docker's default seccomp does: refuse_personality.pl PROGRAM ARGUMENT...
use strict;
use warnings;
use POSIX ();
my ($machine) = (POSIX::uname())[4];
my ($prctl, $personality) = @{ { x86_64 => [ 157, 135 ], aarch64 => [ 167, 92 ] }->{$machine} // die "no numbers for $machine\n" };
my ($no_new_privs, $set_seccomp, $filter_mode, $eperm) = (38, 22, 2, 1);
my ($load, $if_equal, $return, $refuse, $allow) = (0x20, 0x15, 0x06, 0x00050000, 0x7fff0000);
my $program = join '', map { pack 'SCCL', @$_ } [ $load, 0, 0, 0 ], [ $if_equal, 0, 1, $personality ],
    [ $return, 0, 0, $refuse | $eperm ], [ $return, 0, 0, $allow ];
my $filter = pack 'S x![P] P', 4, $program;
syscall($prctl, $no_new_privs, 1, 0, 0, 0) == 0 && syscall($prctl, $set_seccomp, $filter_mode, $filter) == 0
    or die "seccomp: $!\n";
exec @ARGV or die "$ARGV[0]: $!\n";

# confined.pl CALL=ERROR[,ARGUMENT&MASK==VALUE]... -- PROGRAM ARGUMENT...: executes the program where the
# kernel refuses these calls with these errors, as a container's seccomp profile does; to all that it starts.
# A call that stands with a condition is refused only where the low half of that argument, counted from 0,
# has that value under the mask. Exits with 77 where no filter can be had.
use strict;
use warnings;
use Errno ();
use POSIX ();

my %of_machine = (
    x86_64 => {
        architecture => 0xC000003E, prctl => 157, clone => 56, fallocate => 285, seccomp => 317, memfd_create => 319,
        execve => 59, socket => 41, socketpair => 53, close_range => 436, clone3 => 435, chdir => 80, fcntl => 72, dup2 => 33,
        getdents64 => 217, mmap => 9, listen => 50, bind => 49, accept => 43, faccessat => 269, access => 21 },
    aarch64 => {
        architecture => 0xC00000B7, prctl => 167, clone => 220, fallocate => 47, seccomp => 277, memfd_create => 279,
        execve => 221, socket => 198, socketpair => 199, close_range => 436, clone3 => 435, chdir => 49, fcntl => 25, dup2 => 24,
        getdents64 => 61, mmap => 222, listen => 201, bind => 200, accept => 202, faccessat => 48, access => 48 });
my $call_of = $of_machine{ (POSIX::uname())[4] } // exit 77;

my ($load, $and, $if_equal, $return) = (0x20, 0x54, 0x15, 0x06);
my ($refuse, $allow) = (0x00050000, 0x7fff0000);
my ($number_at, $architecture_at, $arguments_at) = (0, 4, 16);
my ($no_new_privs, $set_seccomp, $filter_mode) = (38, 22, 2);

# Instructions: what they do, where to when it holds, where to when it does not, their operand.
my @program = ([ $load, 0, 0, $architecture_at ], [ $if_equal, 1, 0, $call_of->{architecture} ], [ $return, 0, 0, $allow ]);
while (@ARGV && (my $rule = shift @ARGV) ne '--')
{
    my ($call, $error, $argument, $mask, $value) =
        $rule =~ /^(\w+)=(\w+)(?:,(\d)&(\w+)==(\w+))?$/ or die "no such rule: $rule\n";
    my $number = $call_of->{$call} // die "no such call: $call\n";
    my $refusal = [ $return, 0, 0, $refuse | Errno->can($error)->() ];
    my @condition = defined $argument
        ? ([ $load, 0, 0, $arguments_at + 8 * $argument ], [ $and, 0, 0, oct $mask ], [ $if_equal, 0, 1, oct $value ])
        : ();
    push @program, [ $load, 0, 0, $number_at ], [ $if_equal, 0, @condition + 1, $number ], @condition, $refusal;
}
push @program, [ $return, 0, 0, $allow ];
my $code = join '', map { pack 'SCCL', @$_ } @program;
my $filter = pack 'S x![P] P', scalar @program, $code;
syscall($call_of->{prctl}, $no_new_privs, 1, 0, 0, 0) == 0
    && syscall($call_of->{prctl}, $set_seccomp, $filter_mode, $filter) == 0
    or exit 77;
exec @ARGV or die "$ARGV[0]: $!\n";

# Waiting for what will come.
package Patience;
use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
our @EXPORT = qw(poll becomes);

# What the condition returns once that is true, or 0 when it never was for so many seconds, the tests' time-out by
# default. It is asked at once, and then after each pause.
sub poll
{
    my ($until, $seconds, $pause_s) = @_;
    my $end = time + ($seconds // ($PostgreSQL::Test::Utils::timeout_default || 180));
    for (;;)
    {
        my $result = $until->();
        return $result if $result;
        return 0 if time >= $end;
        usleep(1e6 * ($pause_s // 0.1));
    }
}

# Tests that the sub comes to return what is wanted.
sub becomes
{
    my ($what, $get, $wanted) = @_;
    my $got;
    poll(sub { $got = $get->(); return defined $got && $got eq $wanted }, undef, 0.02);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($got, $wanted, $what);
}

1;

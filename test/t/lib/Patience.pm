# Waiting for what will come.
package Patience;
use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time usleep);
our @EXPORT = qw(poll);

# Whether the condition has come to hold before the tests' time-out.
sub poll
{
    my ($until) = @_;
    my $end = time + ($PostgreSQL::Test::Utils::timeout_default || 180);
    while (time < $end)
    {
        return 1 if $until->();
        usleep(100_000);
    }
    return 0;
}

1;

# Runs what fails in a session of its own, whose application_name is the case's, and looks at what failures has of it.
package FailureCases;
use strict;
use warnings;
use Patience qw(becomes);
use Protocol;
use Session;
use Test::More;

sub new { my ($class, $node) = @_; return bless { node => $node, reader => Session->new($node) }, $class; }
sub ask { my ($self, $sql) = @_; return $self->{reader}->ask($sql); }

sub rows_of
{
    my ($self, $name) = @_;
    return $self->ask(qq{select phase, sqlstate, message, count from elile_optimize.failures where application_name = '$name' order by 1, 2});
}
sub failed_in_summary { return $_[0]->ask('select failed_queries from elile_optimize.summary'); }

# $wanted are the case's rows. Each failure is counted once in summary too.
sub case_of
{
    my ($self, $name, $wanted, $run, %option) = @_;
    my $before = $self->failed_in_summary;
    my $client = Protocol->connect($self->{node}, application_name => $name, %option);
    $run->($client);
    $client->close;
    # A session that was ended may still be about to count what it was in.
    becomes($name, sub { $self->rows_of($name) }, join "\n", @$wanted);
    my $count = 0;
    $count += (split /\|/)[3] foreach @$wanted;
    becomes("$name: once in summary", sub { $self->failed_in_summary - $before }, $count);
    return;
}

# By simple protocol, one text after the other.
sub simple
{
    my ($self, $name, $wanted, @texts) = @_;
    return $self->case_of($name, [$wanted], sub { $_[0]->simple($_) foreach @texts });
}

1;

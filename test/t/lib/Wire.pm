# A session that speaks the protocol itself, with messages that psql cannot send.
package Wire;
use strict;
use warnings;
use IO::Socket::UNIX;

sub new
{
    my ($class, $node) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "connect: $!";
    my $self = bless { socket => $socket, buffer => '' }, $class;
    my $body = pack('N', 196608) . "user\0postgres\0database\0postgres\0\0";
    syswrite($socket, pack('N', length($body) + 4) . $body);
    $self->answer;
    return $self;
}

sub receive
{
    my ($self, $bytes) = @_;
    while (length $self->{buffer} < $bytes)
    {
        sysread($self->{socket}, $self->{buffer}, 65536, length $self->{buffer}) or die 'the session ended';
    }
    return substr($self->{buffer}, 0, $bytes, '');
}

# The errors' SQLSTATEs, until the session is ready for another message.
sub answer
{
    my ($self) = @_;
    my @errors;
    while (1)
    {
        my ($kind, $length) = unpack('aN', $self->receive(5));
        my $body = $self->receive($length - 4);
        push @errors, $body =~ /\0C(\w{5})\0/ if $kind eq 'E';
        return join ' ', @errors if $kind eq 'Z';
    }
}

sub message { my ($kind, $body) = @_; return $kind . pack('N', length($body) + 4) . $body; }

# Parse, bind and execute messages of one statement with parameters in text; $rows 0 fetches all.
sub statement
{
    my ($text, $rows, @values) = @_;
    return
        message('P', "\0$text\0" . pack('n', 0))
        . message('B', "\0\0" . pack('n n', 0, scalar @values) . join('', map { pack('N/a*', $_) } @values) . pack('n', 0))
        . message('E', "\0" . pack('N', $rows // 0));
}

# Sends what is to be answered as one, and a sync.
sub send
{
    my ($self, @messages) = @_;
    syswrite($self->{socket}, join('', @messages) . message('S', ''));
    return $self->answer;
}

sub simple
{
    my ($self, $text) = @_;
    syswrite($self->{socket}, message('Q', "$text\0"));
    return $self->answer;
}

sub close { my ($self) = @_; syswrite($self->{socket}, message('X', '')); return CORE::close($self->{socket}); }

1;

# A client that speaks the protocol itself, message by message, since no program of the server's sends each of them alone.
package Protocol;
use strict;
use warnings;
use IO::Socket::UNIX;

# Options are the startup packet's: user, database, application_name. Without a session afterwards, failed() has why.
sub connect
{
    my ($class, $node, %option) = @_;
    my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "no socket: $!";
    my $self = bless { socket => $socket, out => '', failed => [], tags => [], rows => [] }, $class;
    %option = (user => 'postgres', database => 'postgres', %option);
    my $packet = pack('N', 196608) . join('', map { "$_\0$option{$_}\0" } sort keys %option) . "\0";
    print $socket pack('N', 4 + length $packet) . $packet;
    $socket->flush;
    $self->until_ready;
    return $self;
}

# These add a message to what send() sends.
sub add { my ($self, $type, $body) = @_; $self->{out} .= $type . pack('N', 4 + length $body) . $body; return $self; }
sub query { my ($self, $text) = @_; return $self->add('Q', "$text\0"); }
sub parse { my ($self, $name, $text, @types) = @_; return $self->add('P', "$name\0$text\0" . pack('n N*', scalar @types, @types)); }
sub describe { my ($self, $kind, $name) = @_; return $self->add('D', "$kind$name\0"); }
sub execute { my ($self, $portal, $rows) = @_; return $self->add('E', "$portal\0" . pack('N', $rows // 0)); }
sub sync { return $_[0]->add('S', ''); }
sub flush_all { return $_[0]->add('H', ''); }

sub bind
{
    my ($self, $portal, $name, @values) = @_;
    return $self->add('B', "$portal\0$name\0" . pack('n n', 0, scalar @values)
            . join('', map { defined $_ ? pack('N', length $_) . $_ : pack('N', 0xffffffff) } @values) . pack('n', 0));
}

# A statement with the unnamed statement and portal.
sub extended { my ($self, $text, @values) = @_; return $self->parse('', $text)->bind('', '', @values)->execute(''); }

# Sends what was added.
sub send
{
    my ($self) = @_;
    my $socket = $self->{socket};
    print $socket $self->{out};
    $socket->flush;
    $self->{out} = '';
    return $self;
}

sub next_message
{
    my ($self) = @_;
    my $socket = $self->{socket};
    read($socket, my $head, 5) == 5 or return;
    my ($type, $length) = unpack 'a N', $head;
    my $body = '';
    $length > 4 and (read($socket, $body, $length - 4) == $length - 4 or return);
    return ($type, $body);
}

# Reads until the server is ready, asks for the rows of a COPY, or has closed the connection.
sub until_ready
{
    my ($self) = @_;
    for (;;)
    {
        my ($type, $body) = $self->next_message or last;
        push @{ $self->{failed} }, $body =~ /(?:^|\0)C([^\0]+)\0/ if $type eq 'E';
        push @{ $self->{rows} }, $body if $type eq 'D';
        last if $type eq 'Z' || $type eq 'G';
    }
    return $self;
}

# Sends, and returns the SQLSTATEs of the errors until the server is ready again.
sub run
{
    my ($self) = @_;
    $self->{failed} = [];
    return @{ $self->send->until_ready->{failed} };
}

sub failed { return @{ $_[0]->{failed} }; }
sub simple { my ($self, $text) = @_; return $self->query($text)->run; }
sub close { my ($self) = @_; $self->add('X', '')->send; close $self->{socket}; return; }

1;

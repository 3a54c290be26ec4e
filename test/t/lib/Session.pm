# A session that stays open: what it asks is answered while other sessions go on.
package Session;
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Utils;

sub new
{
    my ($class, $node, %options) = @_;
    my $self = bless { in => '', out => '', err => '', asked => 0 }, $class;
    $self->{harness} = IPC::Run::start(
        [ 'psql', '-X', '-q', '-A', '-t', '-d',
            $node->connstr($options{database} // 'postgres') . ($options{user} ? " user=$options{user}" : ''),
            '-f', '-' ],
        '<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err},
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    $self->ask('select 1');
    return $self;
}

# Sends without waiting for the answer.
sub tell
{
    my ($self, $sql) = @_;
    $self->{in} .= "$sql;\n";
    $self->{harness}->pump_nb;
    return;
}

# The answer, as psql -At shows it; errors are in {err}.
sub ask
{
    my ($self, $sql) = @_;
    my $end = 'answered ' . ++$self->{asked};
    $self->{out} = $self->{err} = '';
    $self->tell($sql);
    # Either pipe may be read first.
    $self->{in} .= "\\echo $end\n\\warn $end\n";
    $self->{harness}->pump until $self->{out} =~ /^\Q$end\E\n/m && $self->{err} =~ /^\Q$end\E\n/m;
    s/^\Q$end\E\n//m foreach $self->{out}, $self->{err};
    my $answer = $self->{out};
    chomp $answer;
    return $answer;
}

sub close
{
    my ($self) = @_;
    $self->{in} .= "\\q\n";
    eval { $self->{harness}->finish };
    return;
}

1;

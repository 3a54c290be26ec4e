# A PgBouncer in front of a node, with the ini that pgbouncer_config() makes and what an operator adds.
package PgBouncer;
use strict;
use warnings;
use IPC::Run;
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

my $program =
    (grep { -x } map { "$_/pgbouncer" } (split /:/, $ENV{PATH}), '/usr/sbin')[0];
my @running;

sub is_there { return defined $program; }

# $arguments are those of pgbouncer_config(), $users those who may log in.
sub start
{
    my ($class, $node, $arguments, @users) = @_;
    my $folder = PostgreSQL::Test::Utils::tempdir();
    my $self = bless { folder => $folder, host => $node->host, port => PostgreSQL::Test::Cluster::get_free_port() },
        $class;
    my $ini = $node->safe_psql('postgres', "select elile_optimize.pgbouncer_config($arguments)");
    append_to_file("$folder/users", join '', map { qq("$_" ""\n) } 'admin', @users);
    append_to_file("$folder/pgbouncer.ini", <<"INI");
$ini
listen_port = $self->{port}
unix_socket_dir = $self->{host}
auth_type = trust
auth_file = $folder/users
admin_users = admin
INI
    $self->{process} = IPC::Run::start([ $program, "$folder/pgbouncer.ini" ], '<', \undef, '>', "$folder/log", '2>&1');
    push @running, $self;
    poll(sub { $self->log =~ /process up/ || !$self->{process}->pumpable });
    return $self;
}

sub log { return slurp_file("$_[0]{folder}/log"); }

sub connstr { my ($self, $database, $user) = @_; return "host=$self->{host} port=$self->{port} dbname=$database user=$user"; }

# Rows of a SHOW command, as hashes.
sub show
{
    my ($self, $what) = @_;
    my $out = '';
    IPC::Run::run([ 'psql', '-XAq', '-F', "\t", '-P', 'footer=off', '-d', $self->connstr('pgbouncer', 'admin'),
            '-c', "show $what" ], '>', \$out) or die "show $what";
    my ($head, @rows) = split /\n/, $out;
    my @names = split /\t/, $head;
    return map { my %row; @row{@names} = split /\t/, $_, -1; \%row } @rows;
}

sub stop
{
    my ($self) = @_;
    $self->{process}->kill_kill(grace => 5) if $self->{process};
    delete $self->{process};
    return;
}

END
{
    my $exit_code = $?;
    eval { $_->stop } for @running;
    $? = $exit_code;
}

1;

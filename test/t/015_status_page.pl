# The status page in a browser, headless Chromium over its DevTools protocol: it is quiet, loads nothing but
# itself, fits narrow and wide windows, follows the colour scheme, is legible, and needs no JavaScript.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Fcntl qw(F_DUPFD);
use File::Path qw(remove_tree);
use HTTP::Tiny;
use IPC::Run;
use JSON::PP;
use POSIX ();
use Patience;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($chromium) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};
plan skip_all => 'chromium is not installed' if !defined $chromium;
plan skip_all => 'chromium is a snap, which does not run for this user' if (readlink($chromium) // '') =~ m{/snap$};

delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};
my $patience_s = 30;  # for one command of the browser
my $json = JSON::PP->new->utf8;
my %browser;
my @events;  # that the page caused since it was asked for
my @sessions;

END
{
    my $exit_code = $?;
    alarm 0;
    # The browser leads a group, so that its helpers end with it.
    if ($browser{pid})
    {
        kill 'KILL', -$browser{pid};
        waitpid $browser{pid}, 0;
    }
    # What is kept of a test that failed is its logs.
    remove_tree($browser{home}) if $browser{home};
    eval { $_->kill_kill(grace => 1) } for @sessions;
    $? = $exit_code;
}

# What runs in the page. Text is legible from 4.5:1 on, large text from 3:1 (WCAG 2.1, 1.4.3).
my $measure = <<'JS';
(() => {
    const rgba = css => {
        if (!/^rgba?\(/.test(css)) throw new Error('a colour of another notation: ' + css);
        const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number);
        return [r, g, b, a];
    };
    const blend = ([r, g, b, a], under) => [r, g, b].map((value, at) => value * a + under[at] * (1 - a));
    const opacity = element => element ? getComputedStyle(element).opacity * opacity(element.parentElement) : 1;
    const background = element => {
        if (!element) throw new Error('nothing has an opaque background');
        const colour = rgba(getComputedStyle(element).backgroundColor);
        return colour[3] === 1 ? colour : blend(colour, background(element.parentElement));
    };
    const luminance = colour => {
        const [r, g, b] = colour.map(value => value / 255)
            .map(value => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const contrast = (a, b) => {
        const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (light + .05) / (dark + .05);
    };
    const texts = [];
    const add = (text, element, style) => {
        if (element.closest('svg')) throw new Error('text in a picture is not measured: ' + text);
        const under = background(element);
        const [r, g, b, a] = rgba(style.color);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
        texts.push({
            text: text.trim().slice(0, 60),
            contrast: contrast(blend([r, g, b, a * opacity(element)], under), under),
            needed: isLarge ? 3 : 4.5});
    };
    const isVisible = element => element.checkVisibility({opacityProperty: true, visibilityProperty: true});
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; node = nodes.nextNode();)
        if (node.data.trim() && isVisible(node.parentElement))
            add(node.data, node.parentElement, getComputedStyle(node.parentElement));
    // In narrow windows the columns' names are generated content.
    for (const element of document.body.querySelectorAll('*'))
        for (const pseudo of ['::before', '::after']) {
            const style = getComputedStyle(element, pseudo);
            if (!['none', 'normal', '""'].includes(style.content) && style.display !== 'none' && isVisible(element))
                add(pseudo + ' ' + (element.dataset.label ?? style.content), element, style);
        }
    const headings = tag => [...document.querySelectorAll(tag)].map(heading => heading.innerText);
    return {
        texts, h1: headings('h1'), h2: headings('h2'), scripts: document.scripts.length, text: document.body.innerText,
        width: document.documentElement.scrollWidth,
        wide: [...document.querySelectorAll('body *')]
            .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth)
            .map(element => element.outerHTML.slice(0, 60)),
        background: getComputedStyle(document.body).backgroundColor,
        light: luminance(background(document.body))};
})()
JS

# The browser reads commands from descriptor 3 and writes answers and events to 4.
sub start_browser
{
    my $home = PostgreSQL::Test::Utils::tempdir_short();
    my $log = "$PostgreSQL::Test::Utils::log_path/015_status_page_chromium.log";
    pipe(my $commands, my $to) or die "pipe: $!";
    pipe(my $from, my $answers) or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0)
    {
        # STDOUT is tied to the test's log, and 3 or 4 may be an end of a pipe, so descriptors are moved by number.
        setpgrp;
        open(my $out, '>', $log) or POSIX::_exit(126);
        POSIX::dup2(fileno $out, $_) for 1, 2;
        my @ends = map { fcntl($_, F_DUPFD, 10) } $commands, $answers;
        POSIX::dup2($ends[$_], 3 + $_) for 0, 1;
        POSIX::close($_) for @ends;
        @ENV{qw(HOME TMPDIR)} = ($home, $home);
        # A container has neither a display nor what the sandbox needs; the page is our own.
        exec 'chromium', qw(--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu --no-first-run --no-proxy-server
            --disable-background-networking --disable-component-update --disable-breakpad
            --remote-debugging-pipe), "--user-data-dir=$home/profile"
            or POSIX::_exit(127);
    }
    setpgrp $pid, $pid;
    %browser = (pid => $pid, home => $home, to => $to, from => $from, buffer => '', last_id => 0);
    my $target = command('Target.createTarget', url => 'about:blank');
    $browser{session} =
        command('Target.attachToTarget', targetId => $target->{targetId}, flatten => JSON::PP::true)->{sessionId};
    command("$_.enable") for qw(Page Runtime Log Network);
    command('Page.setLifecycleEventsEnabled', enabled => JSON::PP::true);
    return;
}

# Whatever blocks in here is given up after a time.
sub bounded
{
    my ($what, $do) = @_;
    local $SIG{ALRM} = sub { die "$what: nothing within $patience_s s" };
    local $SIG{PIPE} = 'IGNORE';
    alarm $patience_s;
    my $result = $do->();
    alarm 0;
    return $result;
}

# Messages are JSON that ends with a NUL.
sub next_message
{
    my $end;
    while (($end = index $browser{buffer}, "\0") < 0)
    {
        sysread($browser{from}, $browser{buffer}, 1 << 16, length $browser{buffer}) or die 'the browser ended';
    }
    my $message = $json->decode(substr $browser{buffer}, 0, $end);
    substr($browser{buffer}, 0, $end + 1) = '';
    push @events, $message if exists $message->{method};
    return $message;
}

sub command
{
    my ($method, %params) = @_;
    my $id = ++$browser{last_id};
    my %message = (id => $id, method => $method, params => \%params);
    $message{sessionId} = $browser{session} if $browser{session};
    my $answer = bounded(
        $method,
        sub {
            my $bytes = $json->encode(\%message) . "\0";
            while (length $bytes)
            {
                my $written = syswrite($browser{to}, $bytes) // die "$method: $!";
                substr($bytes, 0, $written) = '';
            }
            my $got;
            do { $got = next_message() } until ($got->{id} // 0) == $id;
            return $got;
        });
    die "$method: $answer->{error}{message}" if $answer->{error};
    return $answer->{result};
}

sub events { my ($method) = @_; return map { $_->{params} } grep { $_->{method} eq $method } @events }

sub measure
{
    my $got = command('Runtime.evaluate', expression => $measure, returnByValue => JSON::PP::true);
    die $json->encode($got->{exceptionDetails}) if $got->{exceptionDetails};
    return $got->{result}{value};
}

# Loads the page; what it is like, and what happened meanwhile.
sub load
{
    my ($url, %how) = @_;
    command('Emulation.setDeviceMetricsOverride',
        width => $how{width} + 0, height => 900, deviceScaleFactor => 1,
        mobile => $how{width} < 600 ? JSON::PP::true : JSON::PP::false);
    command('Emulation.setEmulatedMedia', features => [ { name => 'prefers-color-scheme', value => $how{scheme} } ]);
    command('Emulation.setScriptExecutionDisabled', value => $how{scriptless} ? JSON::PP::true : JSON::PP::false);
    @events = ();
    my $navigation = command('Page.navigate', url => $url);
    die "$url: $navigation->{errorText}" if $navigation->{errorText};
    # Page.loadEventFired does not say of which page; the blank one before may have its own late.
    my $is_loaded = sub {
        grep { $_->{name} eq 'load' && $_->{loaderId} eq $navigation->{loaderId} } events('Page.lifecycleEvent');
    };
    bounded("load of $url", sub { next_message() until $is_loaded->() });
    return {
        %{ measure() },
        frame => $navigation->{frameId},
        requests => [ map { "$_->{request}{method} $_->{request}{url}" } events('Network.requestWillBeSent') ],
        answers => [ map { "$_->{response}{status} $_->{response}{mimeType}" } events('Network.responseReceived') ],
        body_of => (map { $_->{requestId} } events('Network.responseReceived'))[0],
        complaints => [
            map { $json->encode($_) } grep { $_->{method} =~ /^(?:Runtime\.(?:consoleAPICalled|exceptionThrown)
                |Log\.entryAdded|Network\.loadingFailed|Page\.javascriptDialogOpening)$/x } @events ] };
}

# All that holds for every load.
sub check_load
{
    my ($name, $url, %how) = @_;
    my $page = load($url, %how);
    is("@{ $page->{complaints} }", '', "$name: no message, exception or failed request");
    is("@{ $page->{requests} }", "GET $url", "$name: no request but the page");
    is("@{ $page->{answers} }", '200 text/html', "$name: which is there");
    cmp_ok($page->{width}, '<=', $how{width}, "$name: it fits the window");
    my @texts = sort { $a->{contrast} <=> $b->{contrast} } @{ $page->{texts} };
    my @faint = grep { $_->{contrast} < $_->{needed} } @texts;
    cmp_ok(scalar @texts, '>', 80, "$name: it has text");
    is(join("\n", map { sprintf '%.2f: %s', @$_{qw(contrast text)} } @faint), '', "$name: all of which is legible");
    note sprintf '%s: smallest contrast of %d texts %.2f (%s)', $name, scalar @texts, @{ $texts[0] }{qw(contrast text)};
    note "$name: scrolls sideways inside the page: $_" for @{ $page->{wide} };
    like("@{ $page->{h1} }", qr/^PostgreSQL \d+\.\d+\s+primary\s+ok$/, "$name: its title");
    is(join('; ', @{ $page->{h2} }), join('; ', @{ $how{headings} }), "$name: its headings");
    is($page->{scripts}, 0, "$name: no scripts");
    return $page;
}

# The page in windows of a telephone and of a desk, by day and by night.
sub check_all_loads
{
    my ($name, $url, $headings, @expected) = @_;
    foreach my $width (400, 1400)
    {
        my %page = map {
            $_ => check_load("$name, $width, $_", $url, width => $width, scheme => $_, headings => $headings)
        } qw(light dark);
        cmp_ok($page{light}{light}, '>', 0.5, "$name, $width: light is light");
        cmp_ok($page{dark}{light}, '<', 0.1, "$name, $width: dark is dark");
        isnt($page{light}{background}, $page{dark}{background}, "$name, $width: other colours");
        foreach my $text (@expected)
        {
            my @without = grep { index($page{$_}{text}, $text) < 0 } sort keys %page;
            is("@without", '', "$name, $width: has " . substr($text, 0, 70));
        }
    }
    return;
}

# A session that stays, as an application of this name.
sub hold_session
{
    my ($node, $database, $application, $sql) = @_;
    local $ENV{PGAPPNAME} = $application;
    my ($in, $out, $err) = ("$sql\nbegin;\n\\echo held\n", '', '');
    my $psql = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr($database) ],
        '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout($patience_s));
    push @sessions, $psql;
    $psql->pump until $out =~ /held/;
    return;
}

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $url = "http://127.0.0.1:$port/";
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'elile_optimize'
elile_optimize.metrics_port = $port
elile_optimize.metrics_show_queries = on
elile_optimize.slow_query_threshold = 20
autovacuum = off
});
$node->start;
start_browser();

my $http = HTTP::Tiny->new(timeout => $patience_s);
poll(sub { $http->get("${url}readyz")->{status} == 200 }) or die 'no first sample';
my @headings = ('Load', 'Connections', 'Latency by operation and table', 'Slowest statements', 'The extension itself');
check_all_loads('empty', $url, \@headings, 'No client was connected.', 'No statement has been counted since');

# Names as long as they may be, which cannot be broken at a space, and names that are markup.
my $wide = 'W' x 63;
my $markup = q{<script>console.log('"table"')</script><b>&amp;};
my $application = q{<script>console.log("'name'")</script><b>&amp;};
(my $quoted = $markup) =~ s/"/""/g;
{
    # Not counted, so that nobody looks for indexes before they are there: the next look is a minute later.
    local $ENV{PGOPTIONS} = '-c elile_optimize.track=none';
    $node->safe_psql('postgres', qq{
        create extension elile_optimize;
        create schema "$wide";
        create table "$wide"."$wide" (id int);
        create table "$quoted" (id int);
        create table doubled (id int);
        insert into doubled values (1), (1);
        create index on doubled (id);
        create index "i$quoted" on "$quoted" (id);
        create database "$wide";});
    $node->psql('postgres', qq{create unique index concurrently "$wide" on doubled (id)});
}
my $long = 'id' . '+id' x 2000;
$node->psql('postgres', qq{
    insert into "$quoted" select generate_series(1, 5);
    insert into "$wide"."$wide" values (1);
    select count(*) from "$quoted";
    update "$wide"."$wide" set id = 2;
    select pg_sleep(0.06) from "$quoted" where id = 1;
    select pg_sleep(0.03), $long from "$wide"."$wide";
    select pg_sleep(0.03), 1 / (id - id) from doubled;
    select 1 / (id - id) from "$quoted";
    select * from nowhere;
    vacuum doubled;});
hold_session($node, 'postgres', $application, q{
    select elile_optimize.set_connection_pool_size(1234567), elile_optimize.set_active_connections(7);});
hold_session($node, 'postgres', $wide, q{select elile_optimize.set_active_connections(0);});
hold_session($node, $wide, 'of the other database', q{create table "a table" (id int); table "a table";});
my @shown = ("$wide.$wide", $markup, "i$markup", $application, 'of the other database', '1,234,567',
    'id+id+id+id+id', 'cut here.', 'Invalid: 1', 'idle in transaction');
poll(sub { my $body = $http->get($url)->{content}; $body =~ /Invalid: 1/ && $body =~ /of the other database/ })
    or die 'no data';
splice @headings, -1, 0, 'Indexes';
check_all_loads('data', $url, \@headings, @shown);

# Times and ages are others at each load, so the page that came without scripts is shown once more with them.
my %how = (width => 1400, scheme => 'light', headings => \@headings);
my $scriptless = check_load('data, no JavaScript', $url, %how, scriptless => 1);
my $body = command('Network.getResponseBody', requestId => $scriptless->{body_of})->{body};
my $with_scripts = load($url, %how);
@events = ();
command('Page.setDocumentContent', frameId => $with_scripts->{frame}, html => $body);
is(measure()->{text}, $scriptless->{text}, 'the same text with JavaScript and without');

done_testing();

#include "keeper/exporter.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/segment.hpp"
#include "core/snapshot/exporter_link.hpp"
#include "core/snapshot/parts.hpp"
#include "keeper/auth_file.hpp"
#include "keeper/exporter_fault.hpp"
#include "keeper/exporter_launch.hpp"
#include "pg/clock.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::keeper {
namespace {

constexpr uint64 kNsPerMs = 1000000;
// An exporter that has gone wild must not fill the server log.
constexpr uint32 kLinesAMinute = 20;
constexpr uint64 kSecondNs = 1000 * kNsPerMs;
constexpr uint64 kMinuteNs = 60 * kSecondNs;

struct Child {
    pid_t pid;  // 0: none
    int link;
    bool is_ending;  // it was killed, or closed its end; it is not yet reaped
    uint64 started_ns;
    uint64 heard_ns;       // 0: not yet
    uint64 logins_denied;  // in its last report
    uint64 logins_refused;
    StartFault fault;  // why it did not start
};

constexpr Child kNone = {0, -1, false, 0, 0, 0, 0, {"", nullptr}};
Child child = kNone;
uint64 start_not_before_ns = 0;
char told_fault[core::kMostReport] = "";  // the last one that the log was told
uint32 short_lives = 0;  // starts in a row that failed or lasted less than a second

void CopyText(char* to, size_t room, const char* from) {
    memset(to, 0, room);
    strlcpy(to, from, room);
}

void Publish(const char* state, const char* address) {
    core::ExporterStatus status;
    CopyText(status.state, sizeof(status.state), state);
    CopyText(status.address, sizeof(status.address), address);
    store::SharedSegment()->exporter.Write(&status);
}

void Configure() {
    char text[core::kMostConfiguration];
    const int length = pg_snprintf(text, sizeof(text), "%c%d\n%s\n%d\n", core::kConfigure,
                                   pg::Settings::metrics_port, pg::Settings::metrics_listen_address,
                                   pg::Settings::metrics_show_queries ? 1 : 0);
    // The users go first, so that nobody is served by those that were in force before.
    SendAuthFile(child.link, pg::MonotonicNs(), true);
    // An exporter that cannot take the message hangs. It is killed, and told when it has been
    // started again.
    const ssize_t sent =
        send(child.link, text, static_cast<size_t>(length), MSG_DONTWAIT | MSG_NOSIGNAL);
    static_cast<void>(sent);
}

void Forget() {
    close(child.link);
    child = kNone;
}

// The restart is due at once when the exporter had lived a while, else a second later. After many
// short lives in a row the pause grows.
void PlanRestart(bool lived, uint64 now_ns) {
    constexpr uint32 kPatience = 30;
    constexpr uint32 kMostDoublings = 6;
    short_lives = lived ? 0 : short_lives + 1;
    if (lived) {
        told_fault[0] = '\0';
    }
    const uint32 doublings =
        short_lives > kPatience ? Min(short_lives - kPatience, kMostDoublings) : 0;
    start_not_before_ns = now_ns + (short_lives == 0 ? 0 : kSecondNs << doublings);
}

// Whether the log may have another line of the exporter's this minute; counts that line.
bool MayTell(uint64 now_ns) {
    static uint64 minute_began_ns = 0;
    static uint32 told = 0;
    if (now_ns - minute_began_ns > kMinuteNs) {
        minute_began_ns = now_ns;
        told = 0;
    }
    return told++ < kLinesAMinute;
}

// Plans the next attempt to start. The log is told only of a reason that differs from the last one
// that it was told.
void GiveUpStart(const StartFault& fault, uint64 now_ns) {
    char state[sizeof(core::ExporterStatus::state)];
    PlanRestart(false, now_ns);
    pg_snprintf(state, sizeof(state), "cannot start: %s", fault.why);
    Publish(state, "");
    if (strcmp(told_fault, fault.why) != 0 && MayTell(now_ns)) {
        strlcpy(told_fault, fault.why, sizeof(told_fault));
        ereport(WARNING,
                (errcode(ERRCODE_SYSTEM_ERROR),
                 errmsg("could not start the exporter of elile_optimize: %s", fault.why),
                 errdetail("Its program is %s/elile_optimize_exporter. Statements are counted; "
                           "there are no metrics meanwhile.",
                           pkglib_path),
                 fault.hint != nullptr ? errhint("%s", fault.hint) : 0));
    }
}

void FailToStart(const char* step, int error, uint64 now_ns) {
    GiveUpStart(FaultOfStep(step, error), now_ns);
}

void Start(uint64 now_ns) {
    char program[MAXPGPATH];
    int ends[2];
    pg_snprintf(program, sizeof(program), "%s/elile_optimize_exporter", pkglib_path);
    const store::SegmentFile& segment = store::OwnSegmentFile();
    if (segment.read_only < 0) {
        GiveUpStart(FaultOfSegmentFile(segment.failed_step, segment.error), now_ns);
    } else if (access(program, X_OK) != 0) {
        FailToStart(core::kFindProgram, errno, now_ns);
    } else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        FailToStart("create a socket", errno, now_ns);
    } else {
        const pid_t pid = LaunchExporter(program, segment.read_only, ends[1]);
        const int error = errno;
        close(ends[1]);
        if (pid < 0) {
            close(ends[0]);
            FailToStart("fork a process", error, now_ns);
            return;
        }
        child = kNone;
        child.pid = pid;
        child.link = ends[0];
        child.started_ns = now_ns;
        core::Add(store::SharedSegment()->exporter.shared->starts, 1);
        Publish("starting", "");
        ForgetAuthFile();
        Configure();
    }
}

void Kill() {
    kill(child.pid, SIGKILL);
    child.is_ending = true;
}

void TellEnd(int status) {
    char how[128];
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal != 0) {
        pg_snprintf(how, sizeof(how), "signal %d: %s", signal, pg_strsignal(signal));
    } else {
        pg_snprintf(how, sizeof(how), "exit code %d", WEXITSTATUS(status));
    }
    ereport(LOG, (errmsg("the exporter of elile_optimize ended with %s", how),
                  errdetail("It is started again; no session is affected."),
                  signal == SIGSYS ? errhint("A seccomp profile kills who makes a certain system "
                                             "call: let it refuse the call instead.")
                                   : 0));
}

void NoteEnd(int status, uint64 now_ns) {
    const bool was_wanted = pg::Settings::metrics_port != 0;
    if (was_wanted && child.fault.why[0] != '\0' && WIFEXITED(status) &&
        WEXITSTATUS(status) == core::kNotStarted) {
        GiveUpStart(child.fault, now_ns);
        Forget();
        return;
    }
    PlanRestart(child.heard_ns != 0 && now_ns - child.started_ns > kSecondNs, now_ns);
    if (was_wanted && MayTell(now_ns)) {
        TellEnd(status);
    }
    Forget();
    Publish(was_wanted ? "restarting" : "off", "");
}

// The exporter's words go to the log and into a view, so each byte that is not printable ASCII
// becomes a question mark.
void MakePrintable(char* text) {
    for (; *text != '\0'; ++text) {
        if (static_cast<unsigned char>(*text) < ' ' || static_cast<unsigned char>(*text) > '~') {
            *text = '?';
        }
    }
}

// Adds to `sum` what the exporter has counted since `before`. Its own count begins from zero
// whenever it is started; the sum only grows.
void CountSince(core::Word* sum, uint64* before, const char* text) {
    const uint64 now = strtoull(text, nullptr, 10);
    if (now > *before) {
        core::Add(*sum, now - *before);
        *before = now;
    }
}

void CountLogins(const char* denied, const char* refused) {
    core::PublishedExporter::Shared& counts = *store::SharedSegment()->exporter.shared;
    CountSince(&counts.logins_denied, &child.logins_denied, denied);
    CountSince(&counts.logins_refused, &child.logins_refused, refused);
}

int NumberIn(const char* text) {
    return text != nullptr ? static_cast<int>(strtol(text, nullptr, 10)) : 0;
}

void Take(char* message, uint64 now_ns) {
    char* text = message + 1;
    char* second = strchr(text, '\n');
    if (second != nullptr) {
        *second++ = '\0';
        second[strcspn(second, "\n")] = '\0';
        MakePrintable(second);
    }
    MakePrintable(text);
    switch (message[0]) {
        case core::kState:
            Publish(text, second != nullptr ? second : "");
            break;
        case core::kAlive:
            CountLogins(text, second != nullptr ? second : "");
            break;
        case core::kWarning:
        case core::kNotice:
            if (MayTell(now_ns)) {
                ereport(message[0] == core::kWarning ? WARNING : LOG,
                        (errmsg("elile_optimize exporter: %s", text),
                         second != nullptr ? errhint("%s", second) : 0));
            }
            break;
        case core::kStartFailed:
            child.fault = FaultOfStep(text, NumberIn(second));
            break;
        case core::kCannotServe:
            child.fault = FaultInWords(text, NumberIn(second));
            break;
        default:
            MakePrintable(message);
            child.fault = FaultOfLinker(message);
            break;
    }
}

// Takes the exporter's messages. Returns false when no more will come.
bool Listen(uint64 now_ns) {
    constexpr int kMostAtOnce = 100;
    char message[core::kMostReport + 1];
    for (int count = 0; count < kMostAtOnce; ++count) {
        const ssize_t length = recv(child.link, message, core::kMostReport, MSG_DONTWAIT);
        if (length <= 0) {
            return length != 0;
        }
        message[length] = '\0';
        child.heard_ns = now_ns;
        Take(message, now_ns);
    }
    return true;
}

bool IsHung(uint64 now_ns) {
    return child.heard_ns != 0 ? now_ns - child.heard_ns > core::kHungAfterMs * kNsPerMs
                               : now_ns - child.started_ns > core::kStartWithinMs * kNsPerMs;
}

}  // namespace

long TendExporter() {
    constexpr long kNothingDueMs = 1000;
    constexpr long kReapingMs = 10;
    const uint64 now_ns = pg::MonotonicNs();
    const bool is_wanted = pg::Settings::metrics_port != 0;
    int status = 0;
    if (child.pid != 0 && !child.is_ending && !Listen(now_ns)) {
        Kill();  // it has ended, or closed its end
    }
    if (child.pid != 0 && waitpid(child.pid, &status, WNOHANG) == child.pid) {
        Listen(now_ns);  // it may have said why it ends
        NoteEnd(status, now_ns);
    }
    if (child.pid == 0 && is_wanted && now_ns >= start_not_before_ns) {
        Start(now_ns);
    }
    if (child.pid != 0 && !child.is_ending && (!is_wanted || IsHung(now_ns))) {
        if (is_wanted && MayTell(now_ns)) {
            ereport(LOG, (errmsg("the exporter of elile_optimize does not answer")));
        }
        Kill();
    }
    if (child.pid != 0 && !child.is_ending) {
        SendAuthFile(child.link, now_ns, false);
    }
    if (child.pid == 0 && is_wanted) {
        return start_not_before_ns > now_ns
                   ? static_cast<long>((start_not_before_ns - now_ns) / kNsPerMs) + 1
                   : 0;
    }
    return child.is_ending ? kReapingMs : kNothingDueMs;
}

pgsocket ExporterSocket() {
    return child.pid != 0 && !child.is_ending ? child.link : PGINVALID_SOCKET;
}

void EndExporter() {
    constexpr int kTries = 1000;
    constexpr long kPauseUs = 1000;
    int status = 0;
    if (child.pid == 0) {
        return;
    }
    kill(child.pid, SIGKILL);
    for (int left = kTries; left > 0 && waitpid(child.pid, &status, WNOHANG) == 0; --left) {
        pg_usleep(kPauseUs);
    }
    Forget();
    Publish(pg::Settings::metrics_port != 0 ? "restarting" : "off", "");
}

void ReconfigureExporter() {
    if (child.pid != 0) {
        Configure();
    } else {
        Publish(pg::Settings::metrics_port != 0 ? "starting" : "off", "");
    }
    start_not_before_ns = 0;
    short_lives = 0;
    told_fault[0] = '\0';
}

}  // namespace elile::keeper

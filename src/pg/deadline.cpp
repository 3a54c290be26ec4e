#include "pg/deadline.hpp"

#include <ctime>

#include "pg/clock.hpp"

namespace elile::pg {
namespace {

constexpr uint64 kNsPerMs = 1000000;
// On a busy machine work of little time waits long for a processor.
constexpr uint64 kPatience = 20;

TimeoutId timeout_id = MAX_TIMEOUTS;
volatile sig_atomic_t is_due = 0;
uint64 most_ns = 0;
uint64 began_ns = 0;      // monotonic
uint64 began_cpu_ns = 0;  // of this process

uint64 ProcessorNs() {
    timespec now = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<uint64>(now.tv_sec) * 1000 * kNsPerMs + static_cast<uint64>(now.tv_nsec);
}

// In a signal handler. A cancel that is on its way already is its sender's.
void OnTimeout() {
    const bool is_over =
        ProcessorNs() - began_cpu_ns >= most_ns || MonotonicNs() - began_ns >= kPatience * most_ns;
    if (is_over && !QueryCancelPending) {
        is_due = 1;
        QueryCancelPending = true;
        InterruptPending = true;
    }
}

}  // namespace

void StartDeadline(int ms) {
    if (timeout_id == MAX_TIMEOUTS) {
        timeout_id = RegisterTimeout(USER_TIMEOUT, OnTimeout);
    }
    is_due = 0;
    most_ns = static_cast<uint64>(ms) * kNsPerMs;
    began_ns = MonotonicNs();
    began_cpu_ns = ProcessorNs();
    enable_timeout_every(timeout_id, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms), ms);
}

bool StopDeadline() {
    disable_timeout(timeout_id, false);
    const bool was_due = is_due != 0;
    if (was_due) {
        is_due = 0;
        QueryCancelPending = false;
    }
    return was_due;
}

void RaiseDeadline(int ms) {
    ereport(ERROR,
            (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("it takes more than %d ms", ms)));
    pg_unreachable();
}

}  // namespace elile::pg

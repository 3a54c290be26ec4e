#include "capture/before.hpp"

#include "capture/execution.hpp"

namespace elile::capture {

namespace {

constexpr uint64 kNsPerSecond = 1000000000;
constexpr uint64 kNsPerUs = 1000;

// Modulo 2^64, as all that is reckoned with it.
uint64 monotonic_less_wall_ns = 0;

// A look at both at the same time.
struct TickLook {
    uint64 ticks;
    uint64 monotonic_ns;
};
TickLook first_look = {};

uint64 MonotonicOf(TimestampTz wall) {
    constexpr uint64 kEpochNs = uint64{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * SECS_PER_DAY;
    return static_cast<uint64>(wall) * kNsPerUs + kEpochNs * kNsPerSecond + monotonic_less_wall_ns;
}

// Returns when the server read the message, but not before `since_ns`, and at `ran_ns` at the
// latest. Where that would make something slow at `now_ns`, the clocks are read. When somebody has
// set the wall clock, the time that fits and is later holds: nothing is slow for that.
uint64 ReadAt(TimestampTz message, uint64 since_ns, uint64 ran_ns, uint64 now_ns) {
    const uint64 kept_ns = MonotonicOf(message);
    if (kept_ns <= ran_ns && !pg::IsSlow(now_ns - Max(kept_ns, since_ns))) {
        return Max(kept_ns, since_ns);
    }
    RenewClocks();
    const uint64 renewed_ns = MonotonicOf(message);
    uint64 read_ns = since_ns;
    bool fits = false;
    for (const uint64 at_ns : {kept_ns, renewed_ns}) {
        if (at_ns <= ran_ns) {
            read_ns = Max(read_ns, at_ns);
            fits = true;
        }
    }
    return fits ? Min(read_ns, ran_ns) : ran_ns;
}

// Returns how long the last planning took, if it belongs to what began at `began_ns`; else 0.
uint64 PlannedSince(uint64 began_ns, uint64 now_ns) {
    const uint64 planned_at = last_planned.began.Count();
    const uint64 planned_until = last_planned.ended.Count();
    const uint64 ticks = pg::TicksNow().Count();
    if (planned_at < first_look.ticks || planned_until < planned_at || ticks < planned_until ||
        ticks == first_look.ticks) {
        return 0;
    }
    const double ns_per_tick = static_cast<double>(now_ns - first_look.monotonic_ns) /
                               static_cast<double>(ticks - first_look.ticks);
    const auto to_ns = [&](uint64 count) {
        return static_cast<uint64>(static_cast<double>(count) * ns_per_tick);
    };
    // The clock is slewed, the counter is not.
    const uint64 inexact_ns = 10 * kNsPerUs + (now_ns - began_ns) / 1000;
    return to_ns(ticks - planned_at) <= now_ns - began_ns + inexact_ns
               ? to_ns(planned_until - planned_at)
               : 0;
}

}  // namespace

void WatchTicks() { first_look = {pg::TicksNow().Count(), pg::MonotonicNs()}; }

// The shortest of several looks is one that nobody interrupted.
void RenewClocks() {
    constexpr int kLooks = 4;
    uint64 shortest_ns = UINT64_MAX;
    for (int look = 0; look < kLooks; ++look) {
        const uint64 began_ns = pg::MonotonicNs();
        const uint64 wall_ns = pg::WallNs();
        const uint64 took_ns = pg::MonotonicNs() - began_ns;
        if (took_ns < shortest_ns) {
            shortest_ns = took_ns;
            monotonic_less_wall_ns = began_ns - wall_ns;
        }
    }
}

// The portal was made as the server read its message: the string of statements, or the one that
// binds.
void NoteBefore(Execution* execution, uint64 since_ns, uint64 now_ns) {
    if (execution->knows_before || MyProcPort == nullptr) {
        return;
    }
    const uint64 ran_ns = FirstRunNs(*execution);
    const TimestampTz message =
        ActivePortal != nullptr ? ActivePortal->creation_time : GetCurrentStatementStartTimestamp();
    const uint64 began_ns = ReadAt(message, since_ns, ran_ns, now_ns);
    execution->knows_before = true;
    execution->before_ns = ran_ns - began_ns;
    execution->planned_ns = Min(PlannedSince(began_ns, now_ns), execution->before_ns);
}

void NoteBeforeAgain(Execution* execution) {
    const uint64 ran_ns = execution->run_began_ns;
    NoteBefore(execution, execution->since_ns, ran_ns);
    execution->before_ns +=
        ran_ns - ReadAt(GetCurrentStatementStartTimestamp(), last_ended_ns, ran_ns, ran_ns);
}

Waited WaitedUntil(uint64 now_ns) {
    if (last_planned.ended.Count() < last_planned.began.Count()) {
        last_planned.ended = pg::TicksNow();
    }
    const uint64 began_ns =
        ReadAt(GetCurrentStatementStartTimestamp(), last_ended_ns, now_ns, now_ns);
    const uint64 waited_ns = now_ns - began_ns;
    return {waited_ns, Min(PlannedSince(began_ns, now_ns), waited_ns)};
}

}  // namespace elile::capture

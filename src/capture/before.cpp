#include "capture/before.hpp"

#include "capture/execution.hpp"
#include "capture/messages.hpp"

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

// Turns ticks into times of the monotonic clock, as it was when both were looked at.
class TickClock {
public:
    explicit TickClock(uint64 now_ns) : now_ns_(now_ns), now_(pg::TicksNow().Count()) {
        if (now_ > first_look.ticks) {
            ns_per_tick_ = static_cast<double>(now_ns - first_look.monotonic_ns) /
                           static_cast<double>(now_ - first_look.ticks);
        }
    }

    // Returns 0 for what is no time at which somebody looked.
    uint64 TimeOf(const pg::Ticks& ticks) const {
        const uint64 count = ticks.Count();
        return count > first_look.ticks && count <= now_
                   ? now_ns_ - static_cast<uint64>(static_cast<double>(now_ - count) * ns_per_tick_)
                   : 0;
    }

    // The clock is slewed, the counter is not.
    uint64 InexactNs(uint64 since_ns) const { return 10 * kNsPerUs + (now_ns_ - since_ns) / 1000; }

private:
    uint64 now_ns_;
    uint64 now_;
    double ns_per_tick_ = 0;
};

// Returns how long the last planning took, if it belongs to what began at `began_ns`; else 0.
uint64 PlannedSince(const TickClock& clock, uint64 began_ns) {
    const uint64 planned_at_ns = clock.TimeOf(last_planned.began);
    const uint64 planned_until_ns = clock.TimeOf(last_planned.ended);
    return planned_until_ns > planned_at_ns && planned_at_ns + clock.InexactNs(began_ns) >= began_ns
               ? planned_until_ns - planned_at_ns
               : 0;
}

// A statement that has begun to run, and when.
struct FirstRun {
    const Execution& execution;
    uint64 since_ns;  // when the statement before had ended
    uint64 ran_ns;
    uint64 now_ns;
};

uint64 ReadAt(TimestampTz message, const FirstRun& run) {
    return ReadAt(message, run.since_ns, run.ran_ns, run.now_ns);
}

// Returns how long the statement's Parse took, if nothing ran between that and its Bind. Each
// Parse is taken once. Bind itself analyses a statement again whose tables have changed.
uint64 TakeParse(const FirstRun& run, const TickClock& clock) {
    const QueryDesc* query = run.execution.query;
    if (last_parse.read_at == 0 || last_parse.read_at >= ActivePortal->creation_time ||
        query == nullptr ||
        last_parse.queryid != static_cast<uint64>(query->plannedstmt->queryId)) {
        return 0;
    }
    const uint64 began_ns = ReadAt(last_parse.read_at, run);
    const uint64 ended_ns = clock.TimeOf(last_parse.ended);
    last_parse = {};
    return ended_ns > began_ns ? ended_ns - began_ns : 0;
}

// Returns when the transaction began that Parse and Bind are both in, as they are where no block
// and no Sync is between. Of a session's first Parse nothing else tells.
uint64 ImplicitlyBegan(uint64 bind_ns, const FirstRun& run) {
    return IsTransactionBlock() ? bind_ns
                                : Min(ReadAt(GetCurrentTransactionStartTimestamp(), run), bind_ns);
}

// Returns how long the client let the server wait between Bind and Execute. Bind starts the plan,
// or, where that changes something, only makes it. `execute` is 0 where that message is not the
// last one.
uint64 PauseAfterBind(TimestampTz execute, uint64 bind_ns, const FirstRun& run,
                      const TickClock& clock) {
    const uint64 execute_ns = execute != 0 ? ReadAt(execute, run) : run.ran_ns;
    uint64 bound_ns = 0;
    for (const uint64 at_ns : {clock.TimeOf(last_planned.ended), clock.TimeOf(last_started)}) {
        if (at_ns > bind_ns && at_ns < execute_ns) {
            bound_ns = Max(bound_ns, at_ns);
        }
    }
    return bound_ns != 0 ? execute_ns - bound_ns : 0;
}

// The portal was made as the server read its message: the string of statements, or the one that
// binds. Only what a client binds is visible. `last` is the message that ran it, or 0.
void Note(Execution* execution, const FirstRun& run, TimestampTz last) {
    const TickClock clock(run.now_ns);
    const uint64 began_ns =
        ReadAt(ActivePortal != nullptr ? ActivePortal->creation_time : last, run);
    execution->knows_before = true;
    execution->before_ns = run.ran_ns - began_ns;
    execution->planned_ns = Min(PlannedSince(clock, began_ns), execution->before_ns);
    if (ActivePortal != nullptr && ActivePortal->visible) {
        execution->before_ns -= PauseAfterBind(last, began_ns, run, clock);
        execution->before_ns +=
            WatchMessages() ? TakeParse(run, clock) : began_ns - ImplicitlyBegan(began_ns, run);
    }
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

void NoteBefore(Execution* execution, uint64 since_ns, uint64 now_ns) {
    if (!execution->knows_before && MyProcPort != nullptr) {
        Note(execution, {*execution, since_ns, FirstRunNs(*execution), now_ns},
             GetCurrentStatementStartTimestamp());
    }
}

void NoteBeforeAgain(Execution* execution) {
    const uint64 ran_ns = execution->run_began_ns;
    if (!execution->knows_before && MyProcPort != nullptr) {
        Note(execution, {*execution, execution->since_ns, FirstRunNs(*execution), ran_ns}, 0);
    }
    if (execution->knows_before) {
        execution->before_ns +=
            ran_ns - ReadAt(GetCurrentStatementStartTimestamp(), last_ended_ns, ran_ns, ran_ns);
    }
}

Waited WaitedUntil(uint64 now_ns) {
    if (last_planned.ended.Count() < last_planned.began.Count()) {
        last_planned.ended = pg::TicksNow();
    }
    const uint64 began_ns =
        ReadAt(GetCurrentStatementStartTimestamp(), last_ended_ns, now_ns, now_ns);
    const uint64 waited_ns = now_ns - began_ns;
    return {waited_ns, Min(PlannedSince(TickClock(now_ns), began_ns), waited_ns)};
}

}  // namespace elile::capture

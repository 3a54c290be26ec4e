// Measures what the extension itself costs, where it runs. About one counted execution in 1,024 is
// timed part by part, and the sums go to the segment.
//
// Nearly all of it is work of a fixed size, a few hundred nanoseconds at most. It is timed by the
// monotonic clock, for a look at a processor's clock costs several times as much. Where a part took
// longer than any such work does, somebody else had the processor meanwhile, and the execution is
// measured no further. Work of any size is timed by the thread's processor clock: a statement's
// first look-up, an entry made again, and what is kept and logged of a slow one.
#pragma once

#include "core/statements/overhead.hpp"
#include "pg/clock.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// Work of a fixed size that took longer was interrupted.
inline constexpr uint64 kInterruptedNs = 5000;

// The meter of one session.
class OverheadMeter {
public:
    // To be called at the beginning of a counted execution. Returns true for one that is to be
    // measured.
    bool Picks() {
        if (--until_next_ != 0) [[likely]] {
            return false;
        }
        return Restart();
    }

    // To be called for every counted execution.
    void AddExecution() { ++executions_; }
    // To be called for every run that is in no other.
    void AddElapsed(uint64 elapsed_ns) { elapsed_ns_ += elapsed_ns; }
    // To be called for a measured execution. own_ns is what capturing it took, with one look at the
    // clock that others do without.
    void Publish(core::Overhead::Shared& shared, uint64 own_ns);

    // Does work of any size, and adds to *own_ns what processor time it took. Moves *began_ns, when
    // the part around it began, on by all that passed meanwhile. An error leaves both as they are.
    template <typename Work>
    static void Measure(uint64* own_ns, uint64* began_ns, Work work) {
        const uint64 wall_began_ns = pg::MonotonicNs();
        const uint64 first_ns = pg::ThreadNs();
        const uint64 work_began_ns = pg::ThreadNs();
        work();
        const uint64 took_ns = pg::ThreadNs() - work_began_ns;
        const uint64 clock_ns = work_began_ns - first_ns;
        *own_ns += took_ns > clock_ns ? took_ns - clock_ns : 0;
        *began_ns += pg::MonotonicNs() - wall_began_ns;
    }

private:
    bool Restart();

    uint32 until_next_ = 1;
    bool is_started_ = false;
    uint64 clock_ns_ = 0;    // duration of one look at the clock
    uint64 executions_ = 0;  // since the last publication
    uint64 elapsed_ns_ = 0;
};

extern OverheadMeter overhead_meter;

}  // namespace elile::capture

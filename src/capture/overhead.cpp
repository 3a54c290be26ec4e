#include "capture/overhead.hpp"

#include <algorithm>

#include "capture/before.hpp"

namespace elile::capture {

OverheadMeter overhead_meter;

// The step varies, so that no loop of an application falls into step with it. A session's first
// execution only starts the count: else short sessions, which have everything yet to look up, would
// outweigh.
bool OverheadMeter::Restart() {
    constexpr uint32 kTwiceTheMean = 2047;
    until_next_ = 1 + pg_prng_uint32(&pg_global_prng_state) % kTwiceTheMean;
    const bool was_started = is_started_;
    is_started_ = true;
    RenewClocks();
    // The shortest of several looks is one that nobody interrupted.
    constexpr int kLooks = 4;
    clock_ns_ = UINT64_MAX;
    uint64 last_ns = pg::MonotonicNs();
    for (int look = 0; look < kLooks; ++look) {
        const uint64 now_ns = pg::MonotonicNs();
        clock_ns_ = std::min(clock_ns_, now_ns - last_ns);
        last_ns = now_ns;
    }
    return was_started;
}

void OverheadMeter::Publish(core::Overhead::Shared& shared, uint64 own_ns) {
    core::Add(shared.measured_executions, 1);
    core::Add(shared.measured_own_ns, own_ns > clock_ns_ ? own_ns - clock_ns_ : 0);
    core::Add(shared.covered_executions, executions_);
    core::Add(shared.covered_elapsed_ns, elapsed_ns_);
    executions_ = 0;
    elapsed_ns_ = 0;
}

}  // namespace elile::capture

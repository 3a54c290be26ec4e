// Measures what the extension itself costs, where it runs. About one counted execution in 1,024 is
// timed part by part, and the sums go to the segment.
#pragma once

#include "core/statements/overhead.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

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

    // To be called for every counted execution. elapsed_ns is 0 for one that ran in another.
    void AddExecution(uint64 elapsed_ns) {
        ++executions_;
        elapsed_ns_ += elapsed_ns;
    }
    // To be called for a measured execution. own_ns is what capturing it took, with one look at the
    // clock that others do without.
    void Publish(core::Overhead::Shared& shared, int64 own_ns);

private:
    bool Restart();

    uint32 until_next_ = 1;
    bool is_started_ = false;
    int64 clock_ns_ = 0;     // duration of one look at the clock
    uint64 executions_ = 0;  // since the last publication
    uint64 elapsed_ns_ = 0;
};

extern OverheadMeter overhead_meter;

}  // namespace elile::capture

// What the extension itself costs, measured where it runs: about one counted execution in 1,024 is
// timed part by part, and the sums are in the segment's shared.
#pragma once

#include "core/statements/overhead.hpp"
#include "pg/postgres.hpp"

namespace elile::capture {

// Of one session.
class OverheadMeter {
public:
    // At the beginning of a counted execution: true for one that is to be measured.
    bool Picks() {
        if (--until_next_ != 0) [[likely]] {
            return false;
        }
        return Restart();
    }

    // Of every counted execution. elapsed_ns is 0 for one that ran in another.
    void AddExecution(uint64 elapsed_ns) {
        ++executions_;
        elapsed_ns_ += elapsed_ns;
    }
    // Of a measured one: what capturing it took, in ns; with one look at the clock that it would
    // not have taken.
    void Publish(core::Overhead::Shared& shared, int64 own_ns);

private:
    bool Restart();

    uint32 until_next_ = 1;
    bool is_started_ = false;
    int64 clock_ns_ = 0;     // what a look at the clock takes
    uint64 executions_ = 0;  // since the last publication
    uint64 elapsed_ns_ = 0;
};

extern OverheadMeter overhead_meter;

}  // namespace elile::capture

// A record says what is kept of one slow execution.
#pragma once

#include <cstdint>

namespace elile::core {

struct SlowRecord {
    std::uint64_t id;            // 1, 2, ... since the segment was made; given by the ring
    std::int64_t started_at_us;  // microseconds since 2000-01-01 UTC
    std::uint64_t duration_ns;   // of the executor
    std::uint64_t elapsed_ns;    // if has_elapsed: what its client waited
    std::uint64_t planned_ns;    // if has_elapsed: the planner's part of that
    std::int64_t threshold_us;
    std::uint64_t queryid;
    std::uint64_t rows;
    std::uint64_t plan_id;  // 0 no plan
    std::uint32_t dbid;
    std::uint32_t userid;
    std::uint32_t pid;
    std::uint32_t table;     // index in the table directory
    std::uint32_t sqlstate;  // as ERRCODE_*; 0 when it succeeded
    // The ring owns these references; 0 none.
    std::uint32_t text;        // in the pool of texts
    std::uint32_t plan;        // in the pool of details
    std::uint32_t parameters;  // in the pool of details
    std::uint8_t toplevel;
    std::uint8_t operation;       // kNoOperation where none is known
    std::uint8_t address_family;  // 0 none, 4, 6
    std::uint8_t has_elapsed;
    std::uint8_t unused[4];
    std::uint8_t address[16];  // network order
    char application_name[64];
};
static_assert(sizeof(SlowRecord) == 192);

inline constexpr std::uint8_t kNoOperation = 255;

// Whether the executor's part alone is below the threshold.
inline bool IsSlowBefore(const SlowRecord& record) noexcept {
    return record.has_elapsed != 0 &&
           record.duration_ns < static_cast<std::uint64_t>(record.threshold_us) * 1000;
}

// A record may get these later. A worker that may look at the catalogue writes down the plan of a
// statement that failed.
struct SlowDetails {
    std::uint64_t plan_id;
    std::uint32_t plan;
    std::uint32_t parameters;
};

}  // namespace elile::core

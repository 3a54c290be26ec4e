// Reads pools as they are at this moment: what the keeper has seen of them, the sessions there are,
// and what applications told.
#pragma once

#include "core/pools/reports.hpp"
#include "core/pools/watch.hpp"
#include "sql_functions/common.hpp"

namespace elile::sql_functions {

struct PoolNow {
    uint32 sessions;
    uint32 checked_out;
    uint32 invalid;
    TimestampTz oldest_start;                              // of its sessions; 0 without any
    std::array<uint64, core::kPoolFigures> told_plus_one;  // by core::PoolFigure; 0 not told
};

struct PoolsNow {
    core::ObservedPools* observed;  // a copy, in which each pool of `now` has its place
    PoolNow* now;                   // by place, that of the others included
};

// Returns the pools, in the current memory context.
PoolsNow ReadPoolsNow(core::Segment& segment);

// The names of a pool. All pools without a place of their own are one, which has the application
// "other" alone.
struct PoolName {
    const char* database;
    const char* user;
    const char* application;
};

// Returns false when there is nothing to show at this place: it is free, or its database or user is
// gone.
bool NameOfPool(const PoolsNow& pools, uint32 place, PoolName* name);

}  // namespace elile::sql_functions

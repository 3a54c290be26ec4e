// Where PostgreSQL 15, 16, 17 and 18 differ. No other file tests the version.
#pragma once

#include "core/statement.hpp"
#include "pg/postgres.hpp"

namespace elile::pg {

// Tokens that are literals, as the core scanner numbers them (gram.y: the first tokens are fixed,
// other scanners share them). gram.h is not installed for all versions.
enum ScannerToken : int {
    kTokenFconst = 260,
    kTokenSconst = 261,
    kTokenUsconst = 262,
    kTokenBconst = 263,
    kTokenXconst = 264,
    kTokenIconst = 266,
    kTokenParam = 267
};

#if PG_VERSION_NUM >= 180000
#define ELILE_EXECUTOR_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count
#define ELILE_EXECUTOR_RUN_ARGUMENTS query, direction, count
#else
#define ELILE_EXECUTOR_RUN_PARAMETERS \
    QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define ELILE_EXECUTOR_RUN_ARGUMENTS query, direction, count, execute_once
#endif

// This process's number, below ProcNumbers().
inline uint32 ProcNumber() {
#if PG_VERSION_NUM >= 170000
    return static_cast<uint32>(MyProcNumber);
#else
    return static_cast<uint32>(MyProc->pgprocno);
#endif
}

inline uint32 ProcNumbers() { return static_cast<uint32>(MaxBackends + NUM_AUXILIARY_PROCS); }

inline uint64 Nanoseconds(const instr_time& time) {
#if PG_VERSION_NUM >= 160000
    return static_cast<uint64>(INSTR_TIME_GET_NANOSEC(time));
#else
    return static_cast<uint64>(time.tv_sec) * 1000000000 + static_cast<uint64>(time.tv_nsec);
#endif
}

// The I/O times of the buffer counters, which 17 split by kind: before, all data files' time is in
// the shared ones.
inline void GetBlockTimes(const BufferUsage& usage, core::ResourceUse& use) {
#if PG_VERSION_NUM >= 170000
    use[core::kSharedBlkReadTime] = Nanoseconds(usage.shared_blk_read_time);
    use[core::kSharedBlkWriteTime] = Nanoseconds(usage.shared_blk_write_time);
    use[core::kLocalBlkReadTime] = Nanoseconds(usage.local_blk_read_time);
    use[core::kLocalBlkWriteTime] = Nanoseconds(usage.local_blk_write_time);
#else
    use[core::kSharedBlkReadTime] = Nanoseconds(usage.blk_read_time);
    use[core::kSharedBlkWriteTime] = Nanoseconds(usage.blk_write_time);
#endif
    use[core::kTempBlkReadTime] = Nanoseconds(usage.temp_blk_read_time);
    use[core::kTempBlkWriteTime] = Nanoseconds(usage.temp_blk_write_time);
}

inline uint64 WalBuffersFull([[maybe_unused]] const WalUsage& usage) {
#if PG_VERSION_NUM >= 180000
    return static_cast<uint64>(usage.wal_buffers_full);
#else
    return 0;
#endif
}

inline void GetJitUse(const JitInstrumentation& jit, core::ResourceUse& use) {
    use[core::kJitFunctions] += jit.created_functions;
    use[core::kJitGenerationTime] += Nanoseconds(jit.generation_counter);
    use[core::kJitInliningCount] += INSTR_TIME_IS_ZERO(jit.inlining_counter) ? 0 : 1;
    use[core::kJitInliningTime] += Nanoseconds(jit.inlining_counter);
    use[core::kJitOptimizationCount] += INSTR_TIME_IS_ZERO(jit.optimization_counter) ? 0 : 1;
    use[core::kJitOptimizationTime] += Nanoseconds(jit.optimization_counter);
    use[core::kJitEmissionCount] += INSTR_TIME_IS_ZERO(jit.emission_counter) ? 0 : 1;
    use[core::kJitEmissionTime] += Nanoseconds(jit.emission_counter);
#if PG_VERSION_NUM >= 170000
    use[core::kJitDeformCount] += INSTR_TIME_IS_ZERO(jit.deform_counter) ? 0 : 1;
    use[core::kJitDeformTime] += Nanoseconds(jit.deform_counter);
#endif
}

inline void GetParallelUse([[maybe_unused]] const EState& state,
                           [[maybe_unused]] core::ResourceUse& use) {
#if PG_VERSION_NUM >= 180000
    use[core::kParallelWorkersToLaunch] += static_cast<uint64>(state.es_parallel_workers_to_launch);
    use[core::kParallelWorkersLaunched] += static_cast<uint64>(state.es_parallel_workers_launched);
#endif
}

// Whether this server version has the figure at all; its column is null where it has none.
inline bool HasResource(int resource) {
    switch (resource) {
        case core::kLocalBlkReadTime:
        case core::kLocalBlkWriteTime:
        case core::kJitDeformCount:
        case core::kJitDeformTime:
            return PG_VERSION_NUM >= 170000;
        case core::kWalBuffersFull:
        case core::kParallelWorkersToLaunch:
        case core::kParallelWorkersLaunched:
            return PG_VERSION_NUM >= 180000;
        default:
            return true;
    }
}

}  // namespace elile::pg

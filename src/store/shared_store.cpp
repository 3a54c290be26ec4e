#include "store/shared_store.hpp"

#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/segment_parts.hpp"
#include "core/statements/store.hpp"
#include "core/statements/table.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/session_table.hpp"
#include "pg/settings.hpp"
#include "store/waiting_runs.hpp"

namespace elile::store {

core::StatementStore* attached_store = nullptr;

namespace {

shmem_request_hook_type prev_shmem_request = nullptr;
shmem_startup_hook_type prev_shmem_startup = nullptr;
std::size_t segment_bytes = 0;
bool is_restored = false;
SegmentFile segment_file = {nullptr, -1, nullptr, 0};

// A reload may raise elile_optimize.metrics_max_tables up to its default, so there is room for
// that.
constexpr int kLeastSeriesTables = 200;

constexpr long kPauseUs = 50;

uint32 BlocksOf(int memory_kb) {
    return static_cast<uint32>(static_cast<std::size_t>(memory_kb) * 1024 /
                               sizeof(core::TextBlock));
}

core::SegmentSizes SizesFromSettings() {
    core::SegmentSizes sizes{};
    sizes.statements = static_cast<uint32>(pg::Settings::max_statements);
    sizes.tables = static_cast<uint32>(pg::Settings::max_tables);
    sizes.slow_ring = static_cast<uint32>(pg::Settings::slow_query_ring);
    sizes.text_blocks = BlocksOf(pg::Settings::query_text_memory);
    sizes.detail_blocks = BlocksOf(pg::Settings::plan_memory);
    sizes.backends = pg::ProcNumbers();
    sizes.series_tables =
        static_cast<uint32>(Max(pg::Settings::metrics_max_tables, kLeastSeriesTables));
    return sizes;
}

void FailToMake(const char* step, int error) {
    errno = error;
    ereport(FATAL,
            (errcode_for_file_access(),
             errmsg("could not %s the statistics segment of elile_optimize: %m", step),
             errdetail("It needs %zu kB of shared memory.", segment_bytes / 1024),
             errhint("Lower elile_optimize.max_statements, elile_optimize.max_tables, "
                     "elile_optimize.slow_query_ring, elile_optimize.query_text_memory, "
                     "elile_optimize.plan_memory or elile_optimize.metrics_max_tables, or "
                     "give the server more memory; a container's or ulimit's limit counts.")));
}

void MakeSegment() {
    const core::SegmentSizes sizes = SizesFromSettings();
    segment_bytes = core::Segment::BytesFor(sizes);
    segment_file = MakeSegmentFile(segment_bytes);
    if (segment_file.memory == nullptr) {
        FailToMake(segment_file.failed_step, segment_file.error);
    }
    core::Segment::Format(segment_file.memory, sizes);
    const core::Segment& segment = *SharedSegment();
    core::Put(segment.header->stats_since_us, static_cast<uint64>(GetCurrentTimestamp()));
    core::Put(segment.header->keeper_seen_ns, pg::MonotonicNs());
    if (is_restored) {
        core::Put(segment.save_state.shared->is_restoring, 1);
    } else {
        segment.save_state.EndRestoring(core::RestoredFrom::kNoSaver);
    }
}

void OnShmemRequest() {
    if (prev_shmem_request != nullptr) {
        prev_shmem_request();
    }
    WaitingRuns::RequestMemory();
    pg::RequestSessionTableMemory();
}

void OnShmemStartup() {
    if (prev_shmem_startup != nullptr) {
        prev_shmem_startup();
    }
    WaitingRuns::MakeOrAttach();
    pg::MakeOrAttachSessionTable();
    if (segment_file.memory == nullptr) {
        MakeSegment();
    } else if (!IsUnderPostmaster) {
        // No other process lives at this moment. The gate stays closed until the keeper has
        // repaired the segment, so nobody sums or resets.
        core::Segment& segment = *SharedSegment();
        segment.StoreGate().CloseAfterCrash();
        segment.header->generation.fetch_add(1);
    }
}

}  // namespace

void InstallSharedStore(bool restores) {
    is_restored = restores;
    prev_shmem_request = shmem_request_hook;
    shmem_request_hook = OnShmemRequest;
    prev_shmem_startup = shmem_startup_hook;
    shmem_startup_hook = OnShmemStartup;
}

core::Segment* SharedSegment() {
    // The postmaster makes it at start, and every process inherits it with the memory.
    static constinit core::OwnSegment segment;
    if (segment.header == nullptr && segment_file.memory != nullptr) {
        segment.Attach(segment_file.memory);
    }
    return segment.header != nullptr ? &segment : nullptr;
}

core::StatementStore* AttachStore() {
    if (segment_file.memory == nullptr || MyProc == nullptr) {
        return nullptr;
    }
    static core::StatementStore store;
    store = core::StatementStore(*SharedSegment(), pg::ProcNumber());
    attached_store = &store;
    return attached_store;
}

core::Segment& RequireSegment() {
    core::Segment* segment = SharedSegment();
    if (segment == nullptr && IsBinaryUpgrade) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("elile_optimize does nothing while pg_upgrade is at work")));
    }
    if (segment == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("elile_optimize must be loaded via shared_preload_libraries"),
                        errhint("Add elile_optimize to shared_preload_libraries in "
                                "postgresql.conf and restart the server.")));
    }
    return *segment;
}

core::StatementStore& RequireSharedStore() {
    RequireSegment();
    return *SharedStore();
}

bool MayWrite(const core::Segment& segment) {
    const bool is_ready = segment.header->IsReady();
    core::Add(segment.statements.shared->not_ready, is_ready ? 0 : 1);
    return is_ready;
}

void PauseBeforeGate(const core::Segment& segment, int* pauses) {
    constexpr int kMostPauses = 100000;
    CHECK_FOR_INTERRUPTS();
    if (++*pauses > kMostPauses && !segment.header->IsReady()) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("what elile_optimize has counted is not repaired yet after a crash"),
                        errhint("The background worker \"elile_optimize keeper\" does so; the "
                                "server's log says if it does not start.")));
    }
    pg_usleep(kPauseUs);
}

void EnterStore(const core::Segment& segment) {
    for (int pauses = 0; !segment.StoreGate().TryShared();) {
        PauseBeforeGate(segment, &pauses);
    }
}

bool TryEnterStore(const core::Segment& segment, int tries) {
    for (int left = tries; left > 0; --left) {
        if (segment.StoreGate().TryShared()) {
            return true;
        }
        pg_usleep(kPauseUs);
    }
    return false;
}

void LeaveStore(const core::Segment& segment) { segment.StoreGate().LeaveShared(); }

std::size_t SharedBytes() { return segment_bytes + WaitingRuns::Bytes(); }

const SegmentFile& OwnSegmentFile() { return segment_file; }

}  // namespace elile::store

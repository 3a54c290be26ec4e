#include "store/shared_store.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pg/compat.hpp"
#include "pg/postgres.hpp"
#include "pg/settings.hpp"

namespace elile::store {

core::StatementStore* attached_store = nullptr;

namespace {

shmem_startup_hook_type prev_shmem_startup = nullptr;
void* segment_memory = nullptr;
std::size_t segment_bytes = 0;

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
    return sizes;
}

void FailToMake(const char* step, int error) {
    errno = error;
    ereport(FATAL, (errcode_for_file_access(),
                    errmsg("could not %s the statistics segment of elile_optimize: %m", step),
                    errdetail("It needs %zu kB of shared memory.", segment_bytes / 1024),
                    errhint("Lower elile_optimize.max_statements, elile_optimize.max_tables, "
                            "elile_optimize.slow_query_ring, elile_optimize.query_text_memory or "
                            "elile_optimize.plan_memory, or give the server more memory.")));
}

// Takes every page now: memory that runs out later would end a session with SIGBUS.
void MakeSegment() {
    const core::SegmentSizes sizes = SizesFromSettings();
    segment_bytes = core::Segment::BytesFor(sizes);
    const int file = memfd_create("elile_optimize", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) {
        FailToMake("create", errno);
    }
    const int error = posix_fallocate(file, 0, static_cast<off_t>(segment_bytes));
    if (error != 0) {
        close(file);
        FailToMake("allocate", error);
    }
    void* memory = mmap(nullptr, segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        const int map_error = errno;
        close(file);
        FailToMake("map", map_error);
    }
    close(file);
    const core::Segment segment = core::Segment::Format(memory, sizes);
    core::Put(segment.header->stats_since_us, static_cast<uint64>(GetCurrentTimestamp()));
    segment_memory = memory;
}

void OnShmemStartup() {
    if (prev_shmem_startup != nullptr) {
        prev_shmem_startup();
    }
    if (segment_memory == nullptr) {
        MakeSegment();
    } else if (!IsUnderPostmaster) {
        static_cast<core::SegmentHeader*>(segment_memory)->generation.fetch_add(1);
    }
}

}  // namespace

void InstallSharedStore() {
    prev_shmem_startup = shmem_startup_hook;
    shmem_startup_hook = OnShmemStartup;
}

core::StatementStore* AttachStore() {
    if (segment_memory == nullptr || MyProc == nullptr) {
        return nullptr;
    }
    static core::StatementStore store;
    store = core::StatementStore(core::Segment::Attach(segment_memory), pg::ProcNumber());
    attached_store = &store;
    return attached_store;
}

core::StatementStore& RequireSharedStore() {
    core::StatementStore* store = SharedStore();
    if (store == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("elile_optimize must be loaded via shared_preload_libraries"),
                        errhint("Add elile_optimize to shared_preload_libraries in "
                                "postgresql.conf and restart the server.")));
    }
    return *store;
}

std::size_t SegmentBytes() { return segment_bytes; }

}  // namespace elile::store

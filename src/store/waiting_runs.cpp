#include "store/waiting_runs.hpp"

#include "core/segment.hpp"
#include "core/shared/index_stack.hpp"
#include "core/shared/text_pool.hpp"
#include "pg/clock.hpp"
#include "store/shared_store.hpp"

namespace elile::store {
namespace {

constexpr Size kBlockBytes = 64 * 1024;
constexpr uint32 kBlocks = 128;
constexpr uint64 kTendedNs = 5000000000;

struct Room {
    core::IndexStackHead free_blocks;
    core::HalfWord links[kBlocks];
    core::Word tended_ns;  // monotonic; the keeper
};

Room* room = nullptr;
WaitingRun* runs = nullptr;
char* blocks = nullptr;

core::IndexStack FreeBlocks() { return {&room->free_blocks, room->links}; }

Size RoomBytes() { return CACHELINEALIGN(sizeof(Room)); }

}  // namespace

Size WaitingRuns::Bytes() {
    return RoomBytes() + CACHELINEALIGN(sizeof(WaitingRun) * kRuns) + kBlockBytes * kBlocks;
}

void WaitingRuns::RequestMemory() { RequestAddinShmemSpace(Bytes()); }

void WaitingRuns::MakeOrAttach() {
    bool found = false;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    auto* memory = static_cast<char*>(
        ShmemInitStruct("elile_optimize runs to be written down", Bytes(), &found));
    room = reinterpret_cast<Room*>(memory);
    runs = reinterpret_cast<WaitingRun*>(memory + RoomBytes());
    blocks = memory + Bytes() - kBlockBytes * kBlocks;
    if (!found) {
        // The blocks are left out: pages that nobody needs are not touched.
        memset(static_cast<void*>(memory), 0, Bytes() - kBlockBytes * kBlocks);
        for (uint32 block = kBlocks; block-- > 0;) {
            FreeBlocks().Push(block);
        }
    }
    LWLockRelease(AddinShmemInitLock);
}

WaitingRun* WaitingRuns::At(uint32 place) { return &runs[place]; }

WaitingRun* WaitingRuns::Take() {
    for (uint32 at = 0; at < kRuns; ++at) {
        auto free = static_cast<uint32>(RunState::kFree);
        if (runs[at].state.compare_exchange_strong(free, static_cast<uint32>(RunState::kTaken),
                                                   std::memory_order_acquire)) {
            WaitingRun* run = &runs[at];
            run->tries = 0;
            core::Put(run->sharers, 0);
            run->record = {};
            run->news = {};
            run->loop = {};
            run->has_line = false;
            run->keeps_parameters = false;
            run->needs_text = false;
            run->plan = nullptr;
            run->parameters = nullptr;
            run->source = "";
            run->found_no_block = false;
            run->block_count = 0;
            return run;
        }
    }
    return nullptr;
}

pg::Block WaitingRuns::NextBlock(void* run) {
    auto* taken = static_cast<WaitingRun*>(run);
    if (taken->block_count == kMostBlocks) {
        return {nullptr, 0};
    }
    const uint32 block = FreeBlocks().Pop();
    if (block == core::kNoIndex) {
        taken->found_no_block = true;
        return {nullptr, 0};
    }
    taken->blocks[taken->block_count++] = block;
    return {blocks + kBlockBytes * block, kBlockBytes};
}

void WaitingRuns::HandOver(WaitingRun* run) {
    run->handed_at = GetCurrentTimestamp();
    run->due_at = run->handed_at;
    run->state.store(static_cast<uint32>(RunState::kWaits), std::memory_order_release);
}

void WaitingRuns::Release(WaitingRun* run) {
    core::Segment& segment = *SharedSegment();
    segment.texts.Release(run->record.text);
    segment.details.Release(run->record.plan);
    while (run->block_count > 0) {
        FreeBlocks().Push(run->blocks[--run->block_count]);
    }
    run->state.store(static_cast<uint32>(RunState::kFree), std::memory_order_release);
}

bool WaitingRuns::AreTended() { return pg::MonotonicNs() - core::Get(room->tended_ns) < kTendedNs; }

void WaitingRuns::NoteTended() { core::Put(room->tended_ns, pg::MonotonicNs()); }

bool WaitingRuns::Share(const core::KnownStatement& statement, uint64 plan_id) {
    for (uint32 at = 0; at < kRuns; ++at) {
        const RunState state = StateOf(runs[at]);
        if ((state == RunState::kWaits || state == RunState::kWorked) && runs[at].shares &&
            runs[at].plan != nullptr && runs[at].record.plan_id == plan_id &&
            runs[at].statement.handle.slot == statement.handle.slot &&
            runs[at].statement.handle.tag == statement.handle.tag) {
            runs[at].sharers.fetch_add(1, std::memory_order_relaxed);
            return true;
        }
    }
    return false;
}

bool WaitingRuns::BeginWork(WaitingRun* run) {
    auto waits = static_cast<uint32>(RunState::kWaits);
    return run->state.compare_exchange_strong(waits, static_cast<uint32>(RunState::kWorked),
                                              std::memory_order_acquire);
}

void WaitingRuns::PutBack(WaitingRun* run, TimestampTz due_at) {
    run->due_at = due_at;
    run->state.store(static_cast<uint32>(RunState::kWaits), std::memory_order_release);
}

}  // namespace elile::store

// What the store costs without a server around it: adding to an entry alone and together, looking
// one up, making one where another must go, and reading them all.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "core/segment_parts.hpp"
#include "core/statements/store.hpp"

namespace elile::core {
namespace {

constexpr SegmentSizes kSizes{5000, 500, 1000, 32768, 8192, 128, 200};
constexpr std::uint64_t kRuns = 1024;  // a power of two

class BenchSegment {
public:
    BenchSegment()
        : bytes_((Segment::BytesFor(kSizes) + kCacheLine - 1) / kCacheLine * kCacheLine) {
        memory_.reset(static_cast<char*>(std::aligned_alloc(kCacheLine, bytes_)));
        std::memset(memory_.get(), 0, bytes_);
        Segment::Format(memory_.get(), kSizes);
    }
    OwnSegment View() const { return OwnSegment(memory_.get()); }
    StatementStore Store(int backend) const {
        return {View(), static_cast<std::uint32_t>(backend)};
    }
    std::vector<char> Copy() const { return {memory_.get(), memory_.get() + bytes_}; }
    // Cache lines that differ from an earlier copy.
    int LinesChangedSince(const std::vector<char>& before) const {
        int lines = 0;
        for (std::size_t at = 0; at < bytes_; at += kCacheLine) {
            lines += std::memcmp(memory_.get() + at, before.data() + at, kCacheLine) != 0 ? 1 : 0;
        }
        return lines;
    }

private:
    struct Free {
        void operator()(char* memory) const { std::free(memory); }
    };
    std::size_t bytes_;
    std::unique_ptr<char, Free> memory_;
};

StatementKey Key(std::uint64_t queryid) { return {queryid, 10, 5, true, false, 1}; }

Handle Make(StatementStore& store, std::uint64_t queryid) {
    return store.Insert(Key(queryid), {{1, Operation::kSelect}, 0, 1});
}

// Durations as an application has them: most near 50 us, some ten times that.
const std::array<FinishedRun, kRuns>& Runs() {
    static const auto runs = [] {
        std::array<FinishedRun, kRuns> made{};
        std::uint64_t random = 1;
        for (FinishedRun& run : made) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
            const std::uint64_t duration = 30000 + (random >> 40) % 40000;
            run = {(random >> 33) % 16 == 0 ? duration * 10 : duration, 1, false, false};
        }
        return made;
    }();
    return runs;
}

ResourceUse OneBlock() {
    ResourceUse use;
    use.Add(kSharedBlksHit, 4);
    return use;
}

// A statement that all runs were added to.
Handle MakeFilled(StatementStore& store) {
    const Handle handle = Make(store, 1);
    for (const FinishedRun& run : Runs()) {
        store.AddExecution(handle, run, OneBlock());
    }
    return handle;
}

// The hazard is taken back, so it does not show: one line more is written than changed.
void BM_LinesWritten(benchmark::State& state) {
    const BenchSegment memory;
    StatementStore store = memory.Store(0);
    const Handle handle = MakeFilled(store);
    const std::vector<char> before = memory.Copy();
    store.AddExecution(handle, Runs()[0], OneBlock());
    const int lines = memory.LinesChangedSince(before);
    for ([[maybe_unused]] auto turn : state) {
    }
    state.counters["lines"] = lines + 1;
}
BENCHMARK(BM_LinesWritten)->Iterations(1);

void AddTo(benchmark::State& state, StatementStore store, const Handle& handle) {
    const ResourceUse use = OneBlock();
    std::uint64_t turn = 0;
    for ([[maybe_unused]] auto ignored : state) {
        benchmark::DoNotOptimize(store.AddExecution(handle, Runs()[turn++ & (kRuns - 1)], use));
    }
}

void BM_AddToOwnEntry(benchmark::State& state) {
    static const BenchSegment memory;
    StatementStore store = memory.Store(state.thread_index());
    AddTo(state, store, Make(store, 1 + static_cast<std::uint64_t>(state.thread_index())));
}
BENCHMARK(BM_AddToOwnEntry)->ThreadRange(1, 2)->UseRealTime();

void BM_AddToSharedEntry(benchmark::State& state) {
    static const BenchSegment memory;
    StatementStore store = memory.Store(state.thread_index());
    AddTo(state, store, Make(store, 1));
}
BENCHMARK(BM_AddToSharedEntry)->ThreadRange(1, 2)->UseRealTime();

// What a shared entry costs where nothing is striped: the pool is empty.
void BM_AddToSharedEntryUnstriped(benchmark::State& state) {
    static const BenchSegment memory = [] {
        BenchSegment made;
        StatementTable statements = made.View().statements;
        while (statements.stripes.free.Pop() != kNoIndex) {
        }
        return made;
    }();
    StatementStore store = memory.Store(state.thread_index());
    AddTo(state, store, Make(store, 1));
}
BENCHMARK(BM_AddToSharedEntryUnstriped)->ThreadRange(1, 2)->UseRealTime();

void BM_Find(benchmark::State& state) {
    const BenchSegment memory;
    StatementStore store = memory.Store(0);
    const std::uint64_t statements = kSizes.statements;
    for (std::uint64_t queryid = 1; queryid <= statements; ++queryid) {
        Make(store, queryid * UINT64_C(0x9e3779b97f4a7c15));
    }
    std::uint64_t turn = 0;
    for ([[maybe_unused]] auto ignored : state) {
        const std::uint64_t queryid = 1 + turn++ % statements;
        benchmark::DoNotOptimize(store.Find(Key(queryid * UINT64_C(0x9e3779b97f4a7c15))));
    }
}
BENCHMARK(BM_Find);

// Every statement is new and another one goes.
void BM_InsertAndEvict(benchmark::State& state) {
    const BenchSegment memory;
    StatementStore store = memory.Store(0);
    const ResourceUse use = OneBlock();
    std::uint64_t queryid = 0;
    for ([[maybe_unused]] auto ignored : state) {
        const Handle handle = Make(store, ++queryid);
        store.AddExecution(handle, Runs()[queryid & (kRuns - 1)], use);
    }
}
BENCHMARK(BM_InsertAndEvict);

void BM_PlaceOf(benchmark::State& state) {
    std::uint64_t turn = 0;
    for ([[maybe_unused]] auto ignored : state) {
        benchmark::DoNotOptimize(PlaceOf(Runs()[turn++ & (kRuns - 1)].duration_ns));
    }
}
BENCHMARK(BM_PlaceOf);

// What one row of the statements view needs.
void BM_ReadEntryWithThreeQuantiles(benchmark::State& state) {
    const BenchSegment memory;
    StatementStore store = memory.Store(0);
    const Handle handle = MakeFilled(store);
    const StatementTable statements = memory.View().statements;
    for ([[maybe_unused]] auto ignored : state) {
        TallySnapshot snapshot;
        statements.AddTalliesOf(statements.entries[handle.slot], snapshot);
        for (const double quantile : {0.50, 0.95, 0.99}) {
            benchmark::DoNotOptimize(snapshot.QuantileNs(quantile));
        }
    }
}
BENCHMARK(BM_ReadEntryWithThreeQuantiles);

}  // namespace
}  // namespace elile::core

BENCHMARK_MAIN();

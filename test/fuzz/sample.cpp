#include "fuzz/sample.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <vector>

#include "core/snapshot/series.hpp"
#include "fuzz/fuzz.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::fuzz {
namespace {

using core::kNameBytes;

constexpr std::uint32_t kDatabase = 5;
constexpr std::uint32_t kUtf8 = 6;

core::TableNames Names(const char* schema, const char* table) {
    core::TableNames names{};
    std::strcpy(names.schema, schema);
    std::strcpy(names.table, table);
    return names;
}

std::uint64_t NowUs() {
    constexpr std::uint64_t kPostgresEpoch = 946684800;
    return (static_cast<std::uint64_t>(std::time(nullptr)) - kPostgresEpoch) * 1000000;
}

void FillStatements(core::TestStore& store) {
    constexpr std::uint64_t kDurationNs = 3000000;
    core::Segment& segment = store.segment;
    segment.databases.Insert({kDatabase, 0, 0}, Names("", "app"), kUtf8);
    segment.databases.Insert({kDatabase + 1, 0, 0}, Names("", "app"), kUtf8);
    std::uint64_t queryid = 100;
    for (const char* table : {"orders", "items", "caf\xc3\xa9"}) {
        const std::uint32_t index = segment.tables.Insert(
            {kDatabase, static_cast<std::uint32_t>(queryid), 0}, Names("shop", table), kUtf8);
        for (const auto operation : {core::Operation::kSelect, core::Operation::kUpdate}) {
            const core::StatementKey key = core::Key(++queryid);
            const std::uint32_t text =
                segment.texts.Store("select $1 from " + std::string(table), kUtf8);
            const core::Handle handle = store.Insert(key, {{index, operation}, text, 1});
            store.AddExecution(handle, {kDurationNs * queryid, 2, queryid % 2 == 0, true}, {});
        }
    }
}

void FillLoops(core::Segment& segment) {
    constexpr std::uint64_t kRuns = 50;
    bool is_new = false;
    const std::uint32_t application =
        segment.n_plus_one.Applications().Insert({0, 0, 77}, Names("", "web"), kUtf8);
    const core::NPlusOneHandle pattern =
        segment.n_plus_one.FindOrClaim({kDatabase, 10, application, 101, 103}, 2, NowUs(), &is_new);
    const std::string text(1000, 'x');
    segment.n_plus_one.SetTexts(pattern, segment.texts.Store("select $1", kUtf8),
                                segment.texts.Store(text, kUtf8));
    segment.n_plus_one.Count(pattern, 1, kRuns, 1000000, NowUs());
    segment.n_plus_one.CountLoop(1);
}

void FillPools(core::Segment& segment) {
    constexpr std::uint64_t kConnections = 7;
    char application[kNameBytes] = "web";
    segment.pool_reports.Report(kDatabase, application, core::PoolFigure::kActiveConnections,
                                kConnections, NowUs());
    segment.pool_reports.Report(kDatabase, application, core::PoolFigure::kPoolSize, kConnections,
                                NowUs());
}

void FillIndexes(core::Segment& segment) {
    const auto indexes = std::make_unique<core::IndexStatistics>();
    std::memset(static_cast<void*>(indexes.get()), 0, sizeof(*indexes));
    indexes->databases = 1;
    indexes->rows = 2;
    indexes->database[0] = {kDatabase, 1, NowUs()};
    for (std::uint32_t at = 0; at < indexes->rows; ++at) {
        core::IndexStatistic& index = indexes->index[at];
        index = {kDatabase, at, 10, 8192, "public", "orders", "orders_pkey"};
        index.index[0] = static_cast<char>('a' + at);
    }
    segment.indexes.Write(indexes.get());
}

void FillHead(core::SnapshotHead& head) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    head.taken_at_us = NowUs();
    head.monotonic_ns = static_cast<std::uint64_t>(now.tv_sec) * 1000000000;
    head.taking_ns = 1000;
    head.stats_since_us = NowUs();
    head.server_start_us = NowUs();
    head.server_version = 150018;
    head.max_connections = 100;
    head.accepts_connections = 1;
    head.tables_other = 1;
    head.applications_other = 1;
    head.session_rows = 2;
    head.sessions[0] = {kDatabase, core::SessionState::kIdle, 3, 0, "web"};
    head.sessions[1] = {kDatabase, core::SessionState::kActive, 2, 0, "psql"};
    head.statements = std::max<std::uint32_t>(head.statements, 1);
    head.slowest[0] = {101, 3, 3000000, 900000, 2000000, kDatabase, 9, 1, 0, "select $1"};
    head.other_origins = {2, 3, 3000000, 2000000};
}

void Publish(core::Segment& segment) {
    std::vector<std::uint32_t> scratch(core::SeriesBuilder::ScratchWords(segment));
    std::vector<std::uint64_t> room(core::WordsFor(segment.snapshot.MostBytes()));
    auto* head = reinterpret_cast<core::SnapshotHead*>(room.data());
    core::SeriesBuilder(segment, scratch.data(), *head,
                        reinterpret_cast<core::SnapshotSeries*>(head + 1))
        .Take(segment.header->sizes.series_tables);
    FillHead(*head);
    segment.snapshot.WriteWithSeries(head);
}

int MakeFile(const char* name) {
    const int descriptor = memfd_create(name, MFD_CLOEXEC);
    Require(descriptor >= 0, "there is memory for a file");
    return descriptor;
}

}  // namespace

SampleSegment::SampleSegment()
    : descriptor_(MakeFile("segment")), bytes_(core::Segment::BytesFor(core::kSmallSizes)) {
    Require(ftruncate(descriptor_, static_cast<off_t>(bytes_)) == 0, "the segment has memory");
    memory_ = static_cast<char*>(
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0));
    Require(memory_ != MAP_FAILED, "the segment can be mapped");
    core::Segment::Format(memory_, core::kSmallSizes);
    core::TestStore store(memory_, 0);
    FillStatements(store);
    FillLoops(store.segment);
    FillPools(store.segment);
    FillIndexes(store.segment);
    Publish(store.segment);
}

int FileOf(const std::string& content) {
    const int file = MakeFile("file");
    Require(fchmod(file, S_IRUSR | S_IWUSR) == 0, "a file's mode can be set");
    Require(pwrite(file, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()),
            "a file takes its content");
    return file;
}

}  // namespace elile::fuzz

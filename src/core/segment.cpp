#include "core/segment.hpp"

#include <algorithm>
#include <bit>

#include "core/shared/hash.hpp"
#include "core/version.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kMagic = UINT64_C(0x656c696c65000005);
constexpr std::uint32_t kOctavesPerEntry = 8;
constexpr std::uint32_t kOctavesPerTable = 4;
constexpr std::uint32_t kDatabaseCells = std::bit_ceil(2 * kDatabases + 2);
constexpr std::uint32_t kApplicationCells = std::bit_ceil(2 * kNPlusOneApplications + 2);

// Hands out the segment's parts in order. With a null base it only measures.
class Carver {
public:
    explicit Carver(char* base) noexcept : base_(base) {}

    template <typename T>
    T* Take(std::size_t count) noexcept {
        offset_ = (offset_ + kCacheLine - 1) / kCacheLine * kCacheLine;
        const std::size_t at = offset_;
        offset_ += count * sizeof(T);
        return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
    }
    std::size_t Offset() const noexcept { return offset_; }

private:
    char* base_;
    std::size_t offset_ = 0;
};

void CarvePools(Carver& carver, Segment& segment) noexcept {
    auto* reports = carver.Take<PoolReport>(kPoolReports);
    auto* ended = carver.Take<EndedSlot>(kEndedSessions);
    if (SegmentHeader* header = segment.header; header != nullptr) {
        segment.pools = PoolReports(reports, &header->pool_reports_dropped);
        segment.ended = EndedSessions(&header->ended, ended);
    }
}

Word* TakePublished(Carver& carver, std::size_t bytes) noexcept {
    return carver.Take<Word>(Published::kCopies * WordsFor(bytes));
}

void CarvePublished(Carver& carver, const SegmentSizes& sizes, Segment& segment) noexcept {
    auto* sample = TakePublished(carver, sizes.SampleBytes());
    auto* indexes = TakePublished(carver, sizeof(SampledIndexes));
    auto* exporter = TakePublished(carver, sizeof(ExporterStatus));
    auto* observed = TakePublished(carver, sizeof(ObservedPools));
    if (SegmentHeader* header = segment.header; header != nullptr) {
        segment.sample = Published(&header->sample_sequence, sample, sizes.SampleBytes());
        segment.indexes = Published(&header->indexes_sequence, indexes, sizeof(SampledIndexes));
        segment.exporter = Published(&header->exporter_sequence, exporter, sizeof(ExporterStatus));
        segment.observed = Published(&header->observed_sequence, observed, sizeof(ObservedPools));
    }
}

struct NPlusOneParts {
    NPlusOnePattern* patterns;
    HalfWord* suggestion_links;
    TextBlock* suggestion_blocks;
    HalfWord* application_links;
    HalfWord* application_cells;
    TableEntry* application_entries;
    Word* loops;
};

NPlusOneParts TakeNPlusOne(Carver& carver, const SegmentSizes& sizes) noexcept {
    NPlusOneParts parts{};
    parts.patterns = carver.Take<NPlusOnePattern>(kNPlusOnePatterns);
    parts.suggestion_links = carver.Take<HalfWord>(kSuggestionBlocks);
    parts.suggestion_blocks = carver.Take<TextBlock>(kSuggestionBlocks);
    parts.application_links = carver.Take<HalfWord>(kNPlusOneApplications + 1);
    parts.application_cells = carver.Take<HalfWord>(kApplicationCells);
    parts.application_entries = carver.Take<TableEntry>(kNPlusOneApplications + 1);
    parts.loops = carver.Take<Word>(sizes.tables + 1);
    return parts;
}

// After the statements' texts.
void Connect(const NPlusOneParts& parts, Segment& segment) noexcept {
    SegmentHeader* header = segment.header;
    segment.suggestions = TextPool(IndexStack(&header->free_suggestions, parts.suggestion_links),
                                   parts.suggestion_blocks, kSuggestionBlocks, kMaxSuggestionBytes);
    segment.applications =
        TableDirectory(IndexStack(&header->free_applications, parts.application_links),
                       parts.application_entries, kNPlusOneApplications + 1,
                       parts.application_cells, kApplicationCells, &header->applications_overflow);
    segment.n_plus_one = NPlusOneTable(parts.patterns, &header->n_plus_one_dropped, segment.texts,
                                       segment.suggestions);
    segment.loops = parts.loops;
}

Segment Carve(char* base, const SegmentSizes& sizes, std::size_t* bytes) noexcept {
    Carver carver(base);
    Segment segment;
    segment.header = carver.Take<SegmentHeader>(1);
    segment.buckets = carver.Take<Bucket>(sizes.Buckets());
    segment.entries = carver.Take<Entry>(sizes.Entries());
    segment.entry_links = carver.Take<HalfWord>(sizes.Entries());
    segment.leftovers = carver.Take<Tally>(sizes.Leftovers());
    segment.hazards = carver.Take<Hazard>(sizes.backends);
    auto* octave_links = carver.Take<HalfWord>(sizes.Octaves());
    segment.octaves.octaves = carver.Take<Octave>(sizes.Octaves());
    segment.octaves.size = sizes.Octaves();
    auto* stripe_links = carver.Take<HalfWord>(sizes.StripeSets());
    segment.stripes.sets = carver.Take<StripeSet>(sizes.StripeSets());
    segment.stripes.size = sizes.StripeSets();
    auto* text_links = carver.Take<HalfWord>(sizes.text_blocks);
    auto* text_blocks = carver.Take<TextBlock>(sizes.text_blocks);
    auto* detail_links = carver.Take<HalfWord>(sizes.detail_blocks);
    auto* detail_blocks = carver.Take<TextBlock>(sizes.detail_blocks);
    auto* table_links = carver.Take<HalfWord>(sizes.tables + 1);
    auto* table_cells = carver.Take<HalfWord>(sizes.TableCells());
    auto* table_entries = carver.Take<TableEntry>(sizes.tables + 1);
    auto* slots = carver.Take<SlowSlot>(sizes.slow_ring);
    auto* database_links = carver.Take<HalfWord>(kDatabases + 1);
    auto* database_cells = carver.Take<HalfWord>(kDatabaseCells);
    auto* database_entries = carver.Take<TableEntry>(kDatabases + 1);
    const NPlusOneParts n_plus_one = TakeNPlusOne(carver, sizes);
    CarvePools(carver, segment);
    CarvePublished(carver, sizes, segment);
    segment.series_origins = carver.Take<SeriesCounters>(sizes.Series().Size());
    *bytes = carver.Offset();
    if (base == nullptr) {
        return segment;
    }
    SegmentHeader* header = segment.header;
    segment.free_entries = IndexStack(&header->free_entries, segment.entry_links);
    segment.retired_entries = IndexStack(&header->retired_entries, segment.entry_links);
    segment.octaves.free = IndexStack(&header->free_octaves, octave_links);
    segment.octaves.exhausted = &header->octaves_exhausted;
    segment.stripes.free = IndexStack(&header->free_stripes, stripe_links);
    segment.stripes.exhausted = &header->stripes_exhausted;
    segment.texts = TextPool(IndexStack(&header->free_texts, text_links), text_blocks,
                             sizes.text_blocks, kMaxTextBytes);
    segment.details = TextPool(IndexStack(&header->free_details, detail_links), detail_blocks,
                               sizes.detail_blocks, kMaxDetailBytes);
    segment.tables =
        TableDirectory(IndexStack(&header->free_tables, table_links), table_entries,
                       sizes.tables + 1, table_cells, sizes.TableCells(), &header->tables_overflow);
    segment.ring = SlowRing(slots, sizes.slow_ring, &header->last_slow_id, &header->slow_dropped,
                            segment.texts, segment.details);
    segment.databases =
        TableDirectory(IndexStack(&header->free_databases, database_links), database_entries,
                       kDatabases + 1, database_cells, kDatabaseCells, &header->databases_overflow);
    Connect(n_plus_one, segment);
    return segment;
}

}  // namespace

std::uint64_t StatementKey::Hash() const noexcept {
    const std::uint64_t flags = (toplevel ? 1U : 0U) | (unidentified ? 2U : 0U);
    return Mix(Mix(queryid ^ flags << 56) ^ (std::uint64_t{userid} << 32 | dbid));
}

StatementKey KeyOf(const Entry& entry) noexcept {
    const std::uint64_t owner = Get(entry.user_and_database);
    const std::uint32_t flags = Get(entry.flags);
    return {Get(entry.queryid), static_cast<std::uint32_t>(owner >> 32),
            static_cast<std::uint32_t>(owner), (flags & kToplevel) != 0,
            (flags & kUnidentified) != 0};
}

Target TargetOf(const Entry& entry) noexcept {
    return {Get(entry.table), static_cast<Operation>(Get(entry.flags) >> kOperationShift & 7)};
}

std::uint32_t SegmentSizes::SpareEntries() const noexcept {
    // What newcomers may take while somebody who folds is kept from running for a time slice.
    constexpr std::uint32_t kLeastSpare = 512;
    return std::max(kLeastSpare, statements / 8);
}

std::uint32_t SegmentSizes::Octaves() const noexcept {
    return Entries() * kOctavesPerEntry + tables * kOctavesPerTable;
}

// Few statements are hot: a set for one in 32 costs a 40th of what the entries take.
std::uint32_t SegmentSizes::StripeSets() const noexcept { return statements / 32 + 1; }

// About a quarter of the cells is used, so that a full pair of buckets is rare.
std::uint32_t SegmentSizes::Buckets() const noexcept { return std::bit_ceil(Entries() / 2 + 1); }

std::uint32_t SegmentSizes::TableCells() const noexcept { return std::bit_ceil(2 * tables + 2); }

std::size_t Segment::BytesFor(const SegmentSizes& sizes) noexcept {
    std::size_t bytes = 0;
    Carve(nullptr, sizes, &bytes);
    return bytes;
}

namespace {

// Of the version and of the layout: the counts are primes, so that the bytes are others whatever
// part gets another size.
std::uint64_t Identity() noexcept {
    constexpr SegmentSizes kCounts{1009, 211, 307, 4001, 2003, 101, 53};
    std::uint64_t identity = kMagic;
    for (const char* at = kVersion; *at != '\0'; ++at) {
        identity = Mix(identity ^ static_cast<unsigned char>(*at));
    }
    return Mix(identity ^ Segment::BytesFor(kCounts));
}

}  // namespace

Segment Segment::Format(void* memory, const SegmentSizes& sizes) noexcept {
    std::size_t bytes = 0;
    Segment segment = Carve(static_cast<char*>(memory), sizes, &bytes);
    segment.header->magic = Identity();
    segment.header->sizes = sizes;
    Put(segment.header->generation, 1);
    Put(segment.header->repaired, 1);
    for (std::uint32_t index = sizes.Entries(); index-- > 0;) {
        segment.free_entries.Push(index);
    }
    for (std::uint32_t index = segment.octaves.size; index-- > 0;) {
        segment.octaves.free.Push(index);
    }
    for (std::uint32_t index = segment.stripes.size; index-- > 0;) {
        segment.stripes.free.Push(index);
    }
    for (TextPool* pool : {&segment.texts, &segment.details, &segment.suggestions}) {
        pool->BeginRepair();
        pool->FreeTheRest();
    }
    segment.tables.Repair();
    segment.databases.Repair();
    segment.applications.Repair();
    return segment;
}

bool Segment::IsSound(const void* memory, std::size_t bytes) noexcept {
    const auto* header = static_cast<const SegmentHeader*>(memory);
    return bytes >= sizeof(SegmentHeader) && header->magic == Identity() &&
           bytes >= BytesFor(header->sizes);
}

Segment Segment::Attach(void* memory) noexcept {
    std::size_t bytes = 0;
    auto* header = static_cast<SegmentHeader*>(memory);
    return Carve(static_cast<char*>(memory), header->sizes, &bytes);
}

}  // namespace elile::core

// Adds what was saved to the segment, while sessions may count already.
#pragma once

#include <array>
#include <cstdint>

#include "core/saved/content.hpp"
#include "core/saved/records.hpp"
#include "core/saved/text_copies.hpp"
#include "core/segment.hpp"
#include "core/statements/store.hpp"

namespace elile::core {

struct RestoreCounts {
    std::uint32_t statements = 0;  // that came back
    std::uint32_t folded = 0;      // that are in their table's figures only
    std::uint32_t unsound = 0;     // records that could not be read
};

class Restoring {
public:
    // The content is indexed.
    Restoring(Segment& segment, StatementStore& store, const SavedContent& content) noexcept
        : segment_(segment),
          store_(store),
          content_(content),
          statement_texts_(segment.texts),
          details_(segment.details) {}

    // Adds all that there is room for. Where there is less room than before, those statements come
    // back that ran most often; the others are in their table's figures. With `goes_on`, exported
    // series go on where they were. Else they begin again from zero with the next snapshot.
    void Run(bool goes_on) noexcept;

    const RestoreCounts& Counts() const noexcept { return counts_; }

private:
    using Cell = SavedContent::Cell;

    // Reads each record of the kind. Adds one only when all of it was read.
    template <typename Record, typename AddOne>
    void ForEach(RecordKind kind, Record& record, AddOne add) noexcept;
    // Returns whether exported series go on.
    bool RestoreServer(bool goes_on) noexcept;
    void RestoreOthers(bool goes_on) noexcept;
    void RestoreNames(RecordKind kind, TableDirectory& directory) noexcept;
    void RestoreStatements() noexcept;
    void RestoreOrigins() noexcept;
    void AddStatement(std::uint32_t place) noexcept;
    void RestoreEntry(Entry& entry) noexcept;
    void ReadTexts(std::uint32_t place) noexcept;
    void AddToLeftover(const Target& target, std::uint32_t dbid,
                       const TallySnapshot& tally) noexcept;

    Segment& segment_;
    StatementStore& store_;
    const SavedContent& content_;
    TextCopies statement_texts_;
    TextCopies details_;
    RestoreCounts counts_;
    SavedServer server_;
    SavedNames names_;
    SavedStatement statement_;
    SavedTexts texts_;
    SavedLeftover leftover_;
    SavedOrigin origin_;
};

}  // namespace elile::core

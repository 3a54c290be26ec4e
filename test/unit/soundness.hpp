// What holds of a segment that nobody uses, whatever was done to it before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/segment_parts.hpp"
#include "unit/segment_fixture.hpp"

namespace elile::core {

// How often each index lies in the stack; more than once where it is cyclic.
inline std::vector<int> TimesIn(const IndexStackHead& head, IndexStack links, std::uint32_t size) {
    std::vector<int> times(size);
    auto top = static_cast<std::uint32_t>(Get(head.head));
    for (std::uint32_t step = 0; top != 0 && step <= size; ++step) {
        ++times[top - 1];
        top = Get(links.Link(top - 1));
    }
    return times;
}

// How often each entry lies in the look-up table, under its own fingerprint.
inline std::vector<int> TimesInCells(const StatementTable& table) {
    constexpr int kWrong = 100;
    std::vector<int> times(table.entries.size());
    for (const Bucket& bucket : table.buckets) {
        for (const Word& word : bucket.cells) {
            const std::uint64_t cell = Get(word);
            const auto slot = static_cast<std::uint32_t>(cell) - 1;
            if (cell != 0) {
                times[slot] += cell >> 32 == KeyOf(table.entries[slot]).Hash() >> 32 ? 1 : kWrong;
            }
        }
    }
    return times;
}

// How often each entry lies in the chain of its query.
inline std::vector<int> TimesInChains(const StatementTable& table) {
    std::vector<int> times(table.entries.size());
    for (std::uint32_t slot = 0; slot < times.size(); ++slot) {
        table.chains.ForEach(Get(table.entries[slot].queryid), [&times, slot](std::uint32_t found) {
            times[slot] += found == slot ? 1 : 0;
        });
    }
    return times;
}

// Every entry is in the look-up table, in the free stack or in the retired one; once. So many may
// be free and in none, which a test has hidden. What is not free is in its query's chain.
inline std::string FaultOfEntries(const StatementTable& table, std::uint32_t hidden) {
    const auto size = static_cast<std::uint32_t>(table.entries.size());
    const auto free = TimesIn(table.shared->free_entries, table.free_entries, size);
    const auto retired = TimesIn(table.shared->retired_entries, table.free_entries, size);
    const std::vector<int> linked = TimesInCells(table);
    const std::vector<int> chained = TimesInChains(table);
    std::uint32_t live = 0;
    std::uint32_t missing = 0;
    for (std::uint32_t slot = 0; slot < size; ++slot) {
        const EntryState state = StateOf(Get(table.entries[slot].tag));
        const int places = free[slot] + retired[slot] + linked[slot];
        if (state == EntryState::kFree && places == 0) {
            ++missing;
        } else if (places != 1) {
            return "an entry is in " + std::to_string(places) + " places";
        } else if (state == EntryState::kFilling ||
                   (state == EntryState::kFree) != (free[slot] == 1) ||
                   (state == EntryState::kLive) != (linked[slot] == 1)) {
            return "an entry is in the wrong place";
        }
        if (chained[slot] != (state == EntryState::kFree ? 0 : 1)) {
            return "an entry is in its query's chain " + std::to_string(chained[slot]) + " times";
        }
        live += state == EntryState::kLive ? 1 : 0;
    }
    if (missing != hidden) {
        return "an entry is in no place";
    }
    for (std::uint32_t slot = 0; slot < size; ++slot) {
        if (linked[slot] == 1 && table.Find(KeyOf(table.entries[slot])).slot != slot) {
            return "a statement has two entries";
        }
    }
    return Get(table.shared->live) == live ? "" : "the number of live entries is wrong";
}

// Every octave is free, or one tally's; and so is every set of stripes.
inline std::string FaultOfPools(const StatementTable& table, std::uint32_t hidden_octaves) {
    std::vector<int> octaves =
        TimesIn(table.shared->free_octaves, table.octaves.free, table.octaves.size);
    std::vector<int> sets =
        TimesIn(table.shared->free_stripes, table.stripes.free, table.stripes.size);
    const auto look = [&octaves](const Tally& tally) {
        for (const HalfWord& octave : tally.octave) {
            if (Get(octave) != 0) {
                ++octaves[Get(octave) - 1];
            }
        }
    };
    for (const Entry& entry : table.entries) {
        table.ForEachCounters(entry, [&look](const Counters& unit) { look(unit.tally); });
        if (Get(entry.stripes) != 0) {
            ++sets[Get(entry.stripes) - 1];
        }
    }
    for (const Tally& leftover : table.leftovers) {
        look(leftover);
    }
    std::uint32_t missing = 0;
    for (const int times : octaves) {
        missing += times == 0 ? 1 : 0;
        if (times > 1) {
            return "an octave is in two places";
        }
    }
    for (const int times : sets) {
        if (times != 1) {
            return "a set of stripes is in no place, or in two";
        }
    }
    return missing == hidden_octaves ? "" : "an octave is in no place";
}

// Returns what is wrong with the store, or nothing.
inline std::string FaultOf(const Segment& segment, std::uint32_t hidden = 0,
                           std::uint32_t hidden_octaves = 0) {
    const StatementTable& table = segment.statements;
    if (std::string fault = FaultOfEntries(table, hidden); !fault.empty()) {
        return fault;
    }
    if (std::string fault = FaultOfPools(table, hidden_octaves); !fault.empty()) {
        return fault;
    }
    for (const Hazard& hazard : table.hazards) {
        if (Get(hazard.slot) != 0) {
            return "a hazard stayed";
        }
    }
    const TallySnapshot sum = Total(segment);
    return Buckets(sum) + Unplaced(segment) == sum.Executions() ? "" : "buckets are not the calls";
}

}  // namespace elile::core

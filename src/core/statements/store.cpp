#include "core/statements/store.hpp"

#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/table.hpp"

namespace elile::core {

StatementStore::StatementStore(const Segment& segment, std::uint32_t backend) noexcept
    : header_(segment.header),
      table_(segment.statements),
      texts_(segment.texts),
      hazard_(&segment.statements.hazards[backend]),
      backend_(backend) {
    table_.NoteBackend(backend);
}

Handle StatementStore::Insert(const StatementKey& key, const NewEntry& entry) noexcept {
    const Handle known = Find(key);
    if (known.IsValid()) {
        texts_.Release(entry.text);
        return known;
    }
    return table_.Make(key, entry);
}

bool StatementStore::AddPlanning(const Handle& handle, std::uint64_t duration_ns,
                                 const ResourceUse& use) noexcept {
    return WithEntry(handle, [duration_ns, &use](Entry& entry) {
        use.AddTo(entry.counters.resources);
        PlanTally& plans = entry.counters.plans;
        const auto duration = static_cast<double>(duration_ns);
        Add(plans.plans, 1);
        Add(plans.total_ns, duration_ns);
        Add(plans.sum_of_squares, duration * duration);
        RaiseTo(plans.inverted_min_ns, ~duration_ns);
        RaiseTo(plans.max_ns, duration_ns);
    });
}

void StatementStore::AddLeftover(const Target& target, const FinishedRun& run,
                                 std::uint32_t dbid) noexcept {
    WithLeftover(target, dbid, [&](Tally& leftover) { AddRun(leftover, table_.octaves, run); });
}

std::uint32_t StatementStore::TakeText(const Handle& handle) noexcept {
    std::uint32_t text = 0;
    WithEntry(handle, [&](const Entry& entry) {
        text = Get(entry.text);
        texts_.AddReference(text);
    });
    return text;
}

}  // namespace elile::core

#include "explore/world.hpp"

#include <array>

namespace elile::explore {
namespace {

constexpr std::uint64_t kNowUs = 2;

std::size_t SegmentBytes() {
    constexpr std::size_t kPage = 4096;
    return (core::Segment::BytesFor(kMoreSizes) + kPage - 1) / kPage * kPage;
}

// Executions of entries that were being folded: after a crash their sums can't be told apart.
std::uint64_t BeingFolded(const core::Segment& segment) {
    std::uint64_t calls = 0;
    for (const core::Entry& entry : segment.statements.entries) {
        if (core::StateOf(core::Get(entry.tag)) == core::EntryState::kRetired &&
            (core::Get(entry.flags) & core::kFolding) != 0) {
            core::TallySnapshot sum;
            segment.statements.AddTalliesOf(entry, sum);
            calls += sum.calls;
        }
    }
    return calls;
}

}  // namespace

core::FinishedRun RunOf(std::uint64_t duration_ns) { return {duration_ns, 1, false, false}; }

World::World(void (*prepare)(void* memory))
    : memory(Memory::Take(SegmentBytes(), prepare)), segment(memory) {}

void World::RepairAfterCrash() {
    segment.StoreGate().CloseAfterCrash();
    segment.header->generation.fetch_add(1);
    segment.Repair();
    core::Put(segment.header->repaired, core::Get(segment.header->generation));
    hidden = 0;
    hidden_octaves = 0;
}

void World::Look() {
    if (WasKilled()) {
        lost_in_crash_ = BeingFolded(segment);
        RepairAfterCrash();
    }
    for (const auto& look : looks_) {
        look();
    }
}

Statements::Statements(void (*prepare)(void* memory)) : World(prepare) {
    for (std::uint32_t backend = 0; backend < kSizes.backends; ++backend) {
        stores_.emplace_back(memory, backend);
    }
    Afterwards([this] { LookAtSums(); });
}

void Statements::Execute(std::uint32_t backend, std::uint64_t queryid, std::uint64_t duration_ns) {
    std::array<char, 8> text = {'s', 'e', 'l', 'e', 'c', 't', ' '};
    text.back() = static_cast<char>('0' + queryid % 10);
    core::TestStore& store = stores_[backend];
    const core::FinishedRun run = RunOf(duration_ns);
    ++begun;
    core::Handle handle = store.Find(core::Key(queryid));
    for (int attempt = 0; attempt < 3; ++attempt) {
        if (store.AddExecution(handle, run, {})) {
            ++ended;
            return;
        }
        const std::uint32_t stored = store.segment.texts.Store({text.data(), text.size()}, 6);
        handle = store.Insert(core::Key(queryid), {kTarget, stored, 1});
    }
    store.AddLeftover(kTarget, run);
    ++ended;
}

void Statements::Reset(std::uint32_t backend, std::uint64_t queryid) {
    const std::uint64_t ended_before = ended;
    is_resetting_ = true;
    if (stores_[backend].TryReset(0, 0, queryid, kNowUs)) {
        may_be_forgotten_ = begun;
        are_forgotten_ = queryid == 0 ? ended_before : are_forgotten_;
    }
    is_resetting_ = false;
}

std::uint64_t Statements::ReadCalls() {
    if (!segment.StoreGate().TryShared()) {
        return SIZE_MAX;
    }
    core::TallySnapshot sum;
    for (const core::Entry& entry : segment.statements.entries) {
        if (core::IsCounted(entry)) {
            segment.statements.AddTalliesOf(entry, sum);
        }
    }
    for (const core::Tally& leftover : segment.statements.leftovers) {
        sum.AddTally(leftover, segment.statements.octaves);
    }
    segment.StoreGate().LeaveShared();
    return sum.calls;
}

// Folds what is retired, then looks whether each execution is there once.
void Statements::LookAtSums() {
    constexpr int kRounds = 4;
    const std::uint64_t lost = WasKilled() ? lost_in_crash_ : 0;
    for (int round = 0; round < kRounds; ++round) {
        stores_[0].Fold();
    }
    const std::string fault = core::FaultOf(segment, hidden, hidden_octaves);
    Check(fault.empty(), fault.c_str());
    const std::uint64_t known =
        core::Total(segment).calls + core::Get(segment.statements.shared->not_ready);
    const bool forgets_any = WasKilled() && is_resetting_;
    Check(forgets_any || known + may_be_forgotten_ + lost >= ended, "an execution is missing");
    Check(known + are_forgotten_ <= begun, "an execution is there twice, or is not forgotten");
    LookAtFreed();
}

void Statements::LookAtFreed() {
    constexpr int kRounds = 4;
    Check(stores_[0].TryReset(0, 0, 0, kNowUs), "the gate stayed closed");
    for (int round = 0; round < kRounds; ++round) {
        stores_[0].Fold();
    }
    const core::StatementTable& table = segment.statements;
    Check(core::Total(segment).calls == 0, "a reset left an execution");
    Check(segment.texts.FreeBlocks() == kSizes.text_blocks, "a text's block is lost");
    Check(table.free_entries.Count() + hidden == table.entries.size(), "an entry is lost");
    Check(table.octaves.free.Count() + hidden_octaves == table.octaves.size, "an octave is lost");
    Check(table.stripes.free.Count() == table.stripes.size, "a set of stripes is lost");
}

}  // namespace elile::explore

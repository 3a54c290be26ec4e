// A scenario that is made of a segment, functions for its processes, and what must hold afterwards.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/segment_parts.hpp"
#include "explore/explorer.hpp"
#include "unit/soundness.hpp"

namespace elile::explore {

inline constexpr core::Target kTarget{1, core::Operation::kSelect};
// Two entries are enough for an eviction. Texts and octaves are few, so that some are wanting.
inline constexpr core::SegmentSizes kSizes{2, 3, 2, 12, 12, 4, 1};
inline constexpr core::SegmentSizes kMoreSizes{40, 3, 2, 12, 12, 4, 1};

// As a session runs a statement of so many ns.
core::FinishedRun RunOf(std::uint64_t duration_ns);

class World : public Scenario {
public:
    // `prepare` formats the memory, and does what is to be there before the first step.
    explicit World(void (*prepare)(void* memory) = Format);

    static void Format(void* memory) { core::Segment::Format(memory, kSizes); }

    void Process(std::function<void()> body) { processes_.push_back(std::move(body)); }
    void Afterwards(std::function<void()> look) { looks_.push_back(std::move(look)); }
    std::vector<std::function<void()>> Processes() override { return processes_; }
    void Look() override;

    void* const memory;
    core::OwnSegment segment;
    std::uint32_t hidden = 0;          // entries in no stack
    std::uint32_t hidden_octaves = 0;  // octaves in no stack

protected:
    std::uint64_t lost_in_crash_ = 0;  // executions whose sums were being moved

private:
    void RepairAfterCrash();

    std::vector<std::function<void()>> processes_;
    std::vector<std::function<void()>> looks_;
};

// The statements' executions in a world, and how many must be there in the end.
class Statements : public World {
public:
    explicit Statements(void (*prepare)(void* memory) = Format);

    // As process `backend` does it for a statement of this id.
    void Execute(std::uint32_t backend, std::uint64_t queryid, std::uint64_t duration_ns = 5000);
    core::TestStore& Store(std::uint32_t backend) { return stores_[backend]; }
    void Fold(std::uint32_t backend) { stores_[backend].Fold(); }
    // 0 forgets all. Else all executions are to be of that statement.
    void Reset(std::uint32_t backend, std::uint64_t queryid);
    // As the view does it. Returns the calls, none of which an earlier reader may have seen in
    // vain. SIZE_MAX where the gate was closed.
    std::uint64_t ReadCalls();

    std::uint64_t begun = 0;  // executions
    std::uint64_t ended = 0;

private:
    void LookAtSums();
    void LookAtFreed();

    std::deque<core::TestStore> stores_;
    std::uint64_t may_be_forgotten_ = 0;  // executions that had begun when a reset ended
    std::uint64_t are_forgotten_ = 0;     // executions that had ended when a reset of all began
    bool is_resetting_ = false;
};

// Makes a case of a function that adds processes to a new T.
template <typename T, auto build>
std::unique_ptr<Scenario> Make() {
    auto world = std::make_unique<T>();
    build(*world);
    return world;
}

}  // namespace elile::explore

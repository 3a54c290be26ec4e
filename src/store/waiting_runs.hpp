// Keeps slow executions that wait for another process to write them down. That process renders the
// plan, where the session cannot look at the catalogue, and writes the log line, where the session
// ends. A loop that ends with its session waits for its line in the same way.
//
// The runs lie in the server's own shared memory, since they hold literals, which the statistics
// segment must not: the exporter maps it. All processes have that memory at the same address. So a
// tree of nodes that is copied there can be read by another process as it is. A crash of a session
// empties it.
//
//   Free -> Taken   (by the session that runs the statement, which alone writes)
//        -> Waits   (its execution has failed; the keeper and writers look at it)
//        -> Worked  (by one writer, or by the keeper)
//        -> Waits, to be tried again, or Free
#pragma once

#include "core/n_plus_one/pattern.hpp"
#include "core/statements/lost_plans.hpp"
#include "core/statements/plan_history.hpp"
#include "core/statements/slow_record.hpp"
#include "core/statements/statement.hpp"
#include "pg/bounded_memory.hpp"
#include "pg/postgres.hpp"
#include "pg/session_format.hpp"

namespace elile::store {

enum class RunState : uint32 { kFree, kTaken, kWaits, kWorked };

constexpr uint32 kMostBlocks = 16;  // of a run; 1 MB together

struct WaitingRun {
    core::HalfWord state;    // RunState; see above who changes it
    uint32 tries;            // made by writers; its owner changes it in Worked
    core::HalfWord sharers;  // other runs that wait for its plan's text; any session

    // The session writes these while the run is Taken; they are constant from then on.
    TimestampTz handed_at;
    TimestampTz due_at;       // earliest next try; its owner changes it in Worked
    core::SlowRecord record;  // as in the ring; has references of its own to its texts
    core::KnownStatement statement;
    core::PlanNews news;
    pg::SessionFormat format;
    core::NPlusOneHandle loop;  // if valid, the run is only a line about this loop
    bool has_line;              // a log line is to be written
    bool hides;                 // the plan's text hides literals
    bool shares;                // the plan's text serves other runs too
    bool keeps_parameters;
    uint32 encoding;             // of the session's database, and so of all its texts
    bool needs_text;             // that is to be made of `source`; the record is in no ring yet
    char username[NAMEDATALEN];  // as the session logged in
    char datname[NAMEDATALEN];

    // These lie in the run's blocks. A null plan means that there is none to render.
    PlannedStmt* plan;
    ParamListInfo parameters;
    const char* source;       // the statement alone; empty when it was too long
    int source_location;      // where `source` begins, as locations in the plan count
    const char* search_path;  // as it was set when the statement failed

    bool found_no_block;  // other runs had all blocks when one was asked for
    uint32 block_count;
    uint32 blocks[kMostBlocks];
};

class WaitingRuns {
public:
    // The first two are called at server start.
    static void RequestMemory();
    static void MakeOrAttach();
    static Size Bytes();

    // Whether a plan, parameters or a text are to be rendered, which takes a session in the
    // database.
    static bool NeedsWriter(const WaitingRun& run) {
        return run.plan != nullptr || run.keeps_parameters || run.needs_text;
    }

    // Returns a free run in state Taken, which the caller then owns. Null when all are in use.
    static WaitingRun* Take();
    // A source of blocks for pg::InBoundedMemory(); `run` is a WaitingRun* that the caller has
    // taken.
    static pg::Block NextBlock(void* run);
    // Moves the run from Taken to Waits.
    static void HandOver(WaitingRun* run);
    // Moves the run from Taken or Worked to Free and releases its references.
    static void Release(WaitingRun* run);

    // Whether the keeper looks after the runs that wait: it has done so in the last seconds.
    static bool AreTended();
    static void NoteTended();

    // Whether another run of this plan, whose text will serve others, waits or is worked on. If so,
    // the caller's run is counted as one that will use its text.
    static bool Share(const core::KnownStatement& statement, uint64 plan_id);

    // Returns the waiting run that was handed over first among those that `chosen` picks; null for
    // none. It is in state Worked, and the caller owns it.
    template <typename Chosen>
    static WaitingRun* TakeFirst(Chosen chosen) {
        constexpr int kMostTries = 16;  // others may be quicker
        for (int tries = 0; tries < kMostTries; ++tries) {
            WaitingRun* first = nullptr;
            ForEachWaiting([&](WaitingRun& run) {
                if (chosen(run) && (first == nullptr || run.handed_at < first->handed_at)) {
                    first = &run;
                }
            });
            if (first == nullptr) {
                return nullptr;
            }
            // The place may hold another run by now.
            if (BeginWork(first)) {
                if (chosen(*first)) {
                    return first;
                }
                PutBack(first, first->due_at);
            }
        }
        return nullptr;
    }

    // Moves the run from Worked to Waits.
    static void PutBack(WaitingRun* run, TimestampTz due_at);

    // Another process may change a run under the visitor's eyes.
    template <typename Visit>
    static void ForEachWaiting(Visit visit) {
        for (uint32 at = 0; at < kRuns; ++at) {
            WaitingRun* run = At(at);
            if (StateOf(*run) == RunState::kWaits) {
                visit(*run);
            }
        }
    }

private:
    static constexpr uint32 kRuns = 256;

    static WaitingRun* At(uint32 place);
    static bool BeginWork(WaitingRun* run);
    static RunState StateOf(const WaitingRun& run) {
        return static_cast<RunState>(run.state.load(std::memory_order_acquire));
    }
};

}  // namespace elile::store

#include "keeper/left_lines.hpp"

#include "capture/n_plus_one_log.hpp"
#include "capture/slow_details.hpp"
#include "capture/slow_log.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/slow_ring.hpp"
#include "pg/encoding.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"
#include "store/waiting_runs.hpp"

namespace elile::keeper {
namespace {

using store::WaitingRun;
using store::WaitingRuns;

constexpr int kMostLinesAtOnce = 64;
// This is longer than workers go on trying.
constexpr TimestampTz kGiveUpUs = 12 * USECS_PER_SEC;

MemoryContext Scratch() {
    static MemoryContext scratch = nullptr;
    if (scratch == nullptr) {
        scratch =
            AllocSetContextCreate(TopMemoryContext, "elile_optimize lines", ALLOCSET_SMALL_SIZES);
    }
    return scratch;
}

// Writes the run's line in the log. It has a plan only where another run of the same plan has left
// the text.
void WriteLine(const WaitingRun& run) {
    capture::SlowText text;
    pg::AdoptFormat(run.format);
    text.plan = pg::CopyText(store::SharedSegment()->details, run.record.plan).text;
    capture::LogNews(run.statement, run.record.plan_id, run.news);
    capture::WriteLineOf(run, text);
}

void WriteDown(WaitingRun* run) {
    const pg::SessionFormat own = pg::FormatOfSession();
    MemoryContext caller = MemoryContextSwitchTo(Scratch());
    if (run->loop.IsValid()) {
        capture::LogPattern(run->loop);
    } else if (run->has_line) {
        WriteLine(*run);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(Scratch());
    pg::AdoptFormat(own);
    WaitingRuns::Release(run);
}

void GiveUp(WaitingRun* run) {
    if (run->plan != nullptr) {
        capture::CountLostPlan(core::LostPlan::kNoWorker, 1 + uint64{core::Get(run->sharers)});
    }
    if (run->keeps_parameters) {
        core::Add(store::SharedSegment()->slow_log.shared->parameters_lost, 1);
    }
    if (run->needs_text) {
        store::SharedSegment()->ring.Write(run->record);
    }
    WriteDown(run);
}

void WriteLines(TimestampTz now) {
    for (int count = 0; count < kMostLinesAtOnce; ++count) {
        WaitingRun* run = WaitingRuns::TakeFirst([now](const WaitingRun& waiting) {
            return !WaitingRuns::NeedsWriter(waiting) || now - waiting.handed_at > kGiveUpUs;
        });
        if (run == nullptr) {
            return;
        }
        if (WaitingRuns::NeedsWriter(*run)) {
            GiveUp(run);
        } else {
            WriteDown(run);
        }
    }
}

}  // namespace

void WriteLeftLines() {
    WaitingRuns::NoteTended();
    WriteLines(GetCurrentTimestamp());
}

}  // namespace elile::keeper

#include "capture/unrun.hpp"

#include "capture/before.hpp"
#include "capture/execution.hpp"
#include "capture/slow_log.hpp"
#include "core/segment.hpp"
#include "core/shared/gate.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/table.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

bool IsBeforeExecution(core::Phase phase) {
    return phase == core::Phase::kParse || phase == core::Phase::kBind ||
           phase == core::Phase::kPlan || phase == core::Phase::kExecute;
}

// Takes text and operation from an execution that was counted.
void FillFromEntry(const core::FailureKey& failure, core::SlowRecord* record) {
    core::Segment& segment = *store::SharedSegment();
    core::Gate& gate = segment.statements.shared->gate;
    if (failure.queryid == 0 || !gate.TryAdding()) {
        return;
    }
    segment.statements.ForEachOfQuery(failure.queryid, [&](const core::Entry& entry) {
        const core::StatementKey key = core::KeyOf(entry);
        if (record->text == 0 && key.userid == failure.user && key.dbid == MyDatabaseId &&
            key.toplevel && !key.unidentified) {
            record->text = core::Get(entry.text);
            record->operation = static_cast<uint8>(core::TargetOf(entry).operation);
        }
    });
    segment.texts.AddReference(record->text);
    gate.LeaveShared();
}

}  // namespace

void KeepIfItWaited(const core::FailureKey& failure, uint32 table_plus_one) {
    if (running != nullptr || !IsBeforeExecution(failure.phase) || !pg::IsTracked(false)) {
        return;
    }
    const uint64 now_ns = pg::MonotonicNs();
    if (!pg::IsSlow(now_ns - last_ended_ns)) {
        return;
    }
    const Waited waited = WaitedUntil(now_ns);
    if (!pg::IsSlow(waited.waited_ns)) {
        return;
    }
    core::SlowRecord record{};
    record.elapsed_ns = waited.waited_ns;
    record.planned_ns = waited.planned_ns;
    record.has_elapsed = 1;
    record.queryid = failure.queryid;
    record.dbid = MyDatabaseId;
    record.userid = failure.user;
    record.sqlstate = failure.sqlstate;
    record.toplevel = 1;
    record.operation = core::kNoOperation;
    FillFromEntry(failure, &record);
    record.table = table_plus_one != 0 ? table_plus_one - 1 : core::kOtherTables;
    KeepUnrun(record, debug_query_string);
}

}  // namespace elile::capture

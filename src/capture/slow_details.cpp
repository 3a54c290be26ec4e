#include "capture/slow_details.hpp"

#include "capture/parameters.hpp"
#include "core/segment.hpp"
#include "core/shared/text_pool.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/store.hpp"
#include "pg/encoding.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

core::Segment& Shared() { return *store::SharedSegment(); }

// Returns 0 when there was no room, which is counted.
uint32 StoreDetail(const char* text) {
    return Shared().details.Store({text, strlen(text)}, static_cast<uint32>(GetDatabaseEncoding()));
}

}  // namespace

void LogNews(const core::KnownStatement& statement, uint64 plan_id, const core::PlanNews& news) {
    constexpr double kNsPerMs = 1e6;
    if (!news.regressed) {
        return;
    }
    ereport(
        LOG_SERVER_ONLY,
        (errmsg("the plan of statement %lld changed and its mean time went from %.3f to %.3f ms",
                static_cast<long long>(statement.key.queryid), news.mean_before_ns / kNsPerMs,
                news.mean_after_ns / kNsPerMs),
         errdetail("Only executions above the threshold are compared. The plan is %lld now.",
                   static_cast<long long>(plan_id)),
         errhidestmt(true), errhidecontext(true)));
}

core::PlanNews NotePlan(const core::KnownStatement& statement, uint64 plan_id, uint64 duration_ns) {
    core::PlanNews news;
    store::SharedStore()->WithEntry(statement.handle, [&](core::Entry& entry) {
        news = core::NotePlan(entry.history, Shared().details, plan_id, duration_ns,
                              static_cast<uint64>(GetCurrentTimestamp()));
    });
    return news;
}

uint32 TakePlanText(const core::KnownStatement& statement, uint64 plan_id) {
    uint32 known = 0;
    store::SharedStore()->WithEntry(statement.handle, [&](core::Entry& entry) {
        known = core::TakePlanText(entry.history, Shared().details, plan_id);
    });
    return known;
}

bool HasPlanText(const core::KnownStatement& statement, uint64 plan_id) {
    const uint32 known = TakePlanText(statement, plan_id);
    Shared().details.Release(known);
    return known != 0;
}

void CountLostPlan(core::LostPlan reason, uint64 plans) {
    core::CountLost(Shared().slow_log.shared->plans_lost, reason, plans);
}

bool UseKnownPlan(const PlanOfRun& run, SlowText* text, core::SlowDetails* details) {
    const uint32 known = run.shares ? TakePlanText(run.statement, run.plan_id) : 0;
    if (known == 0) {
        return false;
    }
    text->plan = pg::CopyText(Shared().details, known).text;
    details->plan = known;
    return true;
}

bool OfferPlanText(const PlanOfRun& run, uint32 text) {
    bool is_done = true;
    store::SharedStore()->WithEntry(run.statement.handle, [&](core::Entry& entry) {
        is_done = core::KeepPlanText(entry.history, Shared().details, run.plan_id, text);
    });
    return is_done;
}

bool StorePlan(const PlanOfRun& run, const char* plan, SlowText* text, core::SlowDetails* details) {
    text->plan = plan;
    details->plan = StoreDetail(plan);
    return !run.shares || details->plan == 0 || OfferPlanText(run, details->plan);
}

void RenderParameters(ParamListInfo parameters, const char* source, int location, int length,
                      SlowText* text, core::SlowDetails* details) {
    const char* described = DescribeParameters(parameters, source, location, length);
    if (described != nullptr) {
        text->parameters = described;
        details->parameters = StoreDetail(described);
    }
}

void KeepParameters(int most_ms, Oid userid, ParamListInfo parameters, const char* source,
                    int location, int length, SlowText* text, core::SlowDetails* details) {
    if (!pg::InSubtransaction({userid, false, false, most_ms}, [&] {
            RenderParameters(parameters, source, location, length, text, details);
        })) {
        core::Add(Shared().slow_log.shared->parameters_lost, 1);
    }
}

}  // namespace elile::capture

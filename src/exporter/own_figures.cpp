#include "exporter/own_figures.hpp"

#include <string>

#include "core/limits.hpp"
#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/table.hpp"
#include "exporter/clock.hpp"

namespace elile::exporter {

void FillOwnFigures(const core::Segment& segment, const core::SnapshotHead* head, Model& model) {
    const auto gauge = [&model](const char* name, const char* help, double value) {
        model.own.push_back({std::string("elile_optimize_") + name, help, false, value});
    };
    gauge("entries", "Statements that are kept.", core::Get(segment.statements.shared->live));
    gauge("max_entries", "Statements that are kept before one is evicted.",
          segment.statements.most);
    for (const core::Limit& limit : core::Limits()) {
        model.own.push_back({std::string("elile_optimize_") + limit.name + "_total", limit.help,
                             true, static_cast<double>(core::ShownCountOf(segment, limit))});
    }
    for (std::size_t at = 0; at < core::kLostPlanReasons; ++at) {
        model.lost_plans[at] = core::ShownLostPlans(segment, at);
    }
    if (head != nullptr) {
        gauge("tables_other", "Tables whose executions are summed as other.", head->tables_other);
        gauge("applications_other",
              "Groups of sessions (database, application, state) that are summed as other.",
              head->applications_other);
    }
    double left_out = 0;
    for (const IndexAge& age : model.index_ages) {
        left_out += age.left_out;
    }
    const core::SaveState::Shared& saved = *segment.save_state.shared;
    if (const std::uint64_t at_us = core::Get(saved.saved_at_us);
        at_us != 0 && core::Get(saved.is_periodic) != 0) {
        const std::uint64_t now_us = NowPostgresUs();
        gauge("save_age_seconds", "Time since which nothing that was counted was saved.",
              now_us > at_us ? static_cast<double>(now_us - at_us) / 1e6 : 0);
    }
    gauge("indexes_omitted", "Indexes that have no metrics.", left_out);
}

}  // namespace elile::exporter

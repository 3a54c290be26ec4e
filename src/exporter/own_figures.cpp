#include "exporter/own_figures.hpp"

#include "core/segment.hpp"

namespace elile::exporter {
namespace {

struct HeaderCounter {
    const char* name;
    const char* help;
    core::Word core::SegmentHeader::*word;
};

using Header = core::SegmentHeader;

constexpr HeaderCounter kCounters[] = {
    {"elile_optimize_evictions_total", "Statements evicted to make room.", &Header::evictions},
    {"elile_optimize_dropped_total",
     "Executions counted for their table only, because no entry could be had.", &Header::dropped},
    {"elile_optimize_texts_dropped_total", "Statements without a text: query_text_memory was full.",
     &Header::texts_exhausted},
    {"elile_optimize_texts_cut_total", "Texts kept to their first 16 kB.", &Header::texts_cut},
    {"elile_optimize_octaves_exhausted_total",
     "Executions without a place in their histogram; they are above its last bound.",
     &Header::octaves_exhausted},
    {"elile_optimize_stripes_exhausted_total",
     "Times that a statement on which processors meet found nothing to spread over.",
     &Header::stripes_exhausted},
    {"elile_optimize_tables_overflow_total",
     "Statements counted for other tables: max_tables was reached.", &Header::tables_overflow},
    {"elile_optimize_slow_dropped_total",
     "Slow executions not kept because their slot was being written.", &Header::slow_dropped},
    {"elile_optimize_log_suppressed_total",
     "Log lines on slow statements left out by log_rate_limit.", &Header::log_suppressed},
    {"elile_optimize_plans_dropped_total", "Plans and parameters not kept: plan_memory was full.",
     &Header::details_exhausted},
    {"elile_optimize_parameters_lost_total", "Parameters that could not be written down.",
     &Header::parameters_lost},
    {"elile_optimize_not_counted_total",
     "Executions not counted between a crash and the end of repair.", &Header::not_ready},
    {"elile_optimize_repaired_slots_total", "Slots found half-written after a crash.",
     &Header::repaired_slots},
    {"elile_optimize_pool_reports_dropped_total",
     "Figures of an application's pool that found no place.", &Header::pool_reports_dropped},
    {"elile_optimize_databases_overflow_total",
     "Sessions whose database found no place among those that have a label.",
     &Header::databases_overflow},
    {"elile_optimize_n_plus_one_dropped_total",
     "Occurrences of N+1 patterns beyond those that are kept.", &Header::n_plus_one_dropped},
    {"elile_optimize_applications_overflow_total",
     "Times that an application with an N+1 pattern was counted as other.",
     &Header::applications_overflow},
    {"elile_optimize_suggestions_dropped_total", "Suggestions not kept: their memory was full.",
     &Header::suggestions_exhausted},
    {"elile_optimize_suggestions_given_up_total",
     "N+1 patterns for which nobody tries to suggest anything any more.",
     &Header::suggestions_given_up},
    {"elile_optimize_exporter_starts_total", "Times that the exporter was started.",
     &Header::exporter_starts},
    {"elile_optimize_logins_denied_total",
     "Requests to the exporter with a user or password that is wrong.", &Header::logins_denied},
    {"elile_optimize_logins_refused_total",
     "Requests to the exporter whose password was not checked in time: there were too many.",
     &Header::logins_refused},
};

}  // namespace

void FillOwnFigures(const core::Segment& segment, const core::SampleHead* head, Model& model) {
    const auto gauge = [&model](const char* name, const char* help, double value) {
        model.own.push_back({name, help, false, value});
    };
    const core::SegmentHeader& header = *segment.header;
    gauge("elile_optimize_entries", "Statements that are kept.", core::Get(header.live));
    gauge("elile_optimize_max_entries", "Statements that are kept before one is evicted.",
          header.sizes.statements);
    for (const HeaderCounter& counter : kCounters) {
        model.own.push_back({counter.name, counter.help, true,
                             static_cast<double>(core::Get(header.*counter.word))});
    }
    model.own.push_back({"elile_optimize_plans_lost_total", "Plans that could not be written down.",
                         true, static_cast<double>(core::Sum(header.plans_lost))});
    for (std::size_t at = 0; at < core::kLostPlanReasons; ++at) {
        model.lost_plans[at] = core::Get(header.plans_lost[at]);
    }
    if (head != nullptr) {
        gauge("elile_optimize_tables_other", "Tables whose executions are summed as other.",
              head->tables_other);
        gauge("elile_optimize_applications_other",
              "Groups of sessions (database, application, state) that are summed as other.",
              head->applications_other);
    }
    double left_out = 0;
    for (const IndexAge& age : model.index_ages) {
        left_out += age.left_out;
    }
    gauge("elile_optimize_indexes_omitted", "Indexes that have no metrics.", left_out);
}

}  // namespace elile::exporter

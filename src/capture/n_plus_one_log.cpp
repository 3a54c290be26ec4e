#include "capture/n_plus_one_log.hpp"

#include "capture/slow_log.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/segment.hpp"
#include "pg/json.hpp"
#include "pg/settings.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

struct Figures {
    unsigned long long runs;
    unsigned long long occurrences;
    unsigned long long round_trips;  // saved by one statement for all rows
    double ms;
};

Figures FiguresOf(const core::NPlusOneCopy& pattern) {
    return {static_cast<unsigned long long>(pattern.runs),
            static_cast<unsigned long long>(pattern.occurrences),
            static_cast<unsigned long long>(core::RoundTripsSaved(pattern)),
            static_cast<double>(pattern.total_ns) / 1e6};
}

void LogText(const core::NPlusOneCopy& pattern, const Figures& figures) {
    ereport(
        LOG_SERVER_ONLY,
        (errmsg_internal("n+1: %llu runs of a statement for another one's rows, %llu round trips "
                         "could be saved, %.3f ms",
                         figures.runs, figures.round_trips, figures.ms),
         errdetail_internal(
             "occurrences=%llu parent_queryid=%lld child_queryid=%lld\nparent: %s\nchild: %s",
             figures.occurrences, static_cast<long long>(pattern.key.parent),
             static_cast<long long>(pattern.key.child), TextForLine(pattern.parent_text).text,
             TextForLine(pattern.child_text).text),
         errhidestmt(true), errhidecontext(true)));
}

void LogJson(const core::NPlusOneCopy& pattern, const Figures& figures) {
    StringInfoData line;
    initStringInfo(&line);
    pg::Json json(&line);
    json.Boolean("n_plus_one", true);
    json.Count("occurrences", figures.occurrences);
    json.Count("runs", figures.runs);
    json.Count("round_trips_saved", figures.round_trips);
    json.Milliseconds("total_ms", figures.ms);
    json.Identifier("parent_queryid", pattern.key.parent);
    json.Identifier("child_queryid", pattern.key.child);
    const LineText parent = TextForLine(pattern.parent_text);
    const LineText child = TextForLine(pattern.child_text);
    json.String("parent", parent.text, parent.encoding);
    json.String("child", child.text, child.encoding);
    json.End();
    ereport(LOG_SERVER_ONLY,
            (errmsg_internal("%s", line.data), errhidestmt(true), errhidecontext(true)));
}

}  // namespace

void LogPattern(core::NPlusOneHandle pattern) {
    core::NPlusOneCopy copy;
    if (!store::SharedSegment()->n_plus_one.Read(pattern.index, &copy) || !TakesLogLine()) {
        return;
    }
    if (static_cast<pg::LogFormat>(pg::Settings::log_format) == pg::LogFormat::kJson) {
        LogJson(copy, FiguresOf(copy));
    } else {
        LogText(copy, FiguresOf(copy));
    }
}

}  // namespace elile::capture

#include "exporter/collector.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/version.hpp"

namespace elile::exporter {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

using Write = std::function<void(std::string_view)>;

// A family of metrics is written in parts. Each part that is serialized has the family's HELP and
// TYPE in front, which belong before the first one only.
class Family {
public:
    Family(const Write& write, std::string name, const char* help, MetricType type)
        : write_(write), families_(1) {
        families_[0].name = std::move(name);
        families_[0].help = help;
        families_[0].type = type;
    }
    void Add(Labels labels, double value) {
        ClientMetric& metric = Next(std::move(labels));
        (families_[0].type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
            value;
    }
    void Add(Labels labels, ClientMetric::Histogram histogram) {
        Next(std::move(labels)).histogram = std::move(histogram);
    }
    // Must be called after the last metric.
    void End() {
        std::ostringstream out;
        prometheus::TextSerializer().Serialize(out, families_);
        families_[0].metric.clear();
        const std::string text = std::move(out).str();
        std::size_t begin = 0;
        while (has_begun_ && begin < text.size() && text[begin] == '#') {
            begin = text.find('\n', begin) + 1;
        }
        has_begun_ = true;
        write_(std::string_view(text).substr(begin));
    }

private:
    ClientMetric& Next(Labels labels) {
        constexpr std::size_t kMetricsInPart = 100;
        std::vector<ClientMetric>& metrics = families_[0].metric;
        if (metrics.size() == kMetricsInPart) {
            End();
        }
        metrics.emplace_back().label = std::move(labels);
        return metrics.back();
    }

    const Write& write_;
    std::vector<MetricFamily> families_;  // one
    bool has_begun_ = false;
};

void WriteGauge(const Write& write, const char* name, const char* help, double value) {
    Family family(write, name, help, MetricType::Gauge);
    family.Add({}, value);
    family.End();
}

Labels LabelsOf(const Series& series) {
    return {{"database", series.database},
            {"operation",
             std::string(core::kOperationNames[static_cast<std::size_t>(series.operation)])},
            {"table", series.table}};
}

ClientMetric::Histogram HistogramOf(const core::SeriesCounters& counted) {
    ClientMetric::Histogram histogram;
    histogram.bucket.reserve(core::kLatencyBuckets);
    for (int at = 0; at < core::kLatencyBuckets; ++at) {
        histogram.sample_count += counted.bucket[static_cast<std::size_t>(at)];
        const double bound = at < core::kLatencyBounds
                                 ? std::ldexp(1.0, core::kFirstBoundExponent + at)
                                 : std::numeric_limits<double>::infinity();
        histogram.bucket.push_back({histogram.sample_count, bound});
    }
    histogram.sample_sum = static_cast<double>(counted.total_ns) / 1e9;
    return histogram;
}

void CollectSeries(const Model& model, const Write& write) {
    {
        Family family(write, "elile_db_query_duration_seconds",
                      "Execution times, failed executions included.", MetricType::Histogram);
        for (const Series& series : model.series) {
            family.Add(LabelsOf(series), HistogramOf(series.values.counted));
        }
        family.End();
    }
    struct Counter {
        const char* name;
        const char* help;
        std::uint64_t core::SeriesCounters::*word;
    };
    constexpr Counter kCounters[] = {
        {"elile_db_queries_total", "Executions, failed ones included.",
         &core::SeriesCounters::queries},
        {"elile_db_slow_queries_total", "Executions at or above slow_query_threshold.",
         &core::SeriesCounters::slow},
        {"elile_db_failed_queries_total", "Executions that ended in an error.",
         &core::SeriesCounters::failed}};
    for (const Counter& counter : kCounters) {
        Family family(write, counter.name, counter.help, MetricType::Counter);
        for (const Series& series : model.series) {
            family.Add(LabelsOf(series), static_cast<double>(series.values.counted.*counter.word));
        }
        family.End();
    }
}

void CollectLoops(const Model& model, const Write& write) {
    Family family(write, "elile_db_n_plus_one_total",
                  "Times that a statement ran for each row of another one, by its table.",
                  MetricType::Counter);
    for (const Series& series : model.series) {
        if (series.operation == core::Operation::kSelect) {
            family.Add({{"database", series.database}, {"table", series.table}},
                       static_cast<double>(series.values.counted.loops));
        }
    }
    family.End();
}

void CollectErrors(const Model& model, const Write& write) {
    Family family(write, "elile_db_errors_total",
                  "Errors that ended what clients asked for, by the phase that raised them.",
                  MetricType::Counter);
    for (const Errors& errors : model.errors) {
        family.Add(
            {{"database", errors.database}, {"phase", errors.phase}, {"sqlstate", errors.sqlstate}},
            static_cast<double>(errors.count));
    }
    family.End();
}

void CollectConnections(const Model& model, const Write& write) {
    {
        Family family(write, "elile_db_connections", "Client sessions.", MetricType::Gauge);
        for (const Sessions& sessions : model.sessions) {
            const auto state = static_cast<std::size_t>(sessions.state);
            family.Add({{"application", sessions.application},
                        {"database", sessions.database},
                        {"state", std::string(core::kSessionStateNames[state])}},
                       sessions.count);
        }
        family.End();
    }
    WriteGauge(write, "elile_db_max_connections", "The server's max_connections.",
               model.max_connections);
    WriteGauge(write, "elile_db_in_recovery", "1 on a standby, 0 on a primary.",
               model.in_recovery ? 1 : 0);
}

void CollectPools(const Model& model, const Write& write) {
    struct Figure {
        const char* name;
        const char* help;
        std::optional<std::uint64_t> Pool::*value;
    };
    constexpr Figure kFigures[] = {
        {"elile_db_active_connections",
         "Connections that an application says it has checked out of its pool.",
         &Pool::active_connections},
        {"elile_db_connection_pool_size", "What an application says its pool's size is.",
         &Pool::size}};
    for (const Figure& figure : kFigures) {
        Family family(write, figure.name, figure.help, MetricType::Gauge);
        for (const Pool& pool : model.pools) {
            if ((pool.*figure.value).has_value()) {
                family.Add({{"application", pool.application}, {"database", pool.database}},
                           static_cast<double>(*(pool.*figure.value)));
            }
        }
        family.End();
    }
}

Labels LabelsOf(const Index& index) {
    return {{"database", index.database}, {"index", index.name}, {"table", index.table}};
}

void CollectIndexes(const Model& model, const Write& write) {
    {
        Family family(write, "elile_index_scans_total", "Scans begun on an index.",
                      MetricType::Counter);
        for (const Index& index : model.indexes) {
            family.Add(LabelsOf(index), static_cast<double>(index.scans));
        }
        family.End();
    }
    {
        Family family(write, "elile_index_size_bytes", "Size of an index on disk.",
                      MetricType::Gauge);
        for (const Index& index : model.indexes) {
            family.Add(LabelsOf(index), static_cast<double>(index.bytes));
        }
        family.End();
    }
    {
        Family family(write, "elile_index_invalid",
                      "1 for an index that a failed build left, which queries cannot use.",
                      MetricType::Gauge);
        for (const Index& index : model.indexes) {
            family.Add(LabelsOf(index), index.is_valid ? 0 : 1);
        }
        family.End();
    }
    Family family(write, "elile_index_stats_age_seconds", "Age of a database's figures on indexes.",
                  MetricType::Gauge);
    for (const IndexAge& age : model.index_ages) {
        family.Add({{"database", age.database}}, age.age_seconds);
    }
    family.End();
}

void CollectOwn(const Model& model, double scrape_seconds, const Write& write) {
    Family info(write, "elile_optimize_build_info", "The extension's and the server's version.",
                MetricType::Gauge);
    info.Add(
        {{"server_version", std::to_string(model.server_version)}, {"version", core::kVersion}}, 1);
    info.End();
    WriteGauge(write, "elile_optimize_sample_age_seconds",
               "Age of what is shown; it grows when sampling stalls.", model.snapshot_age_seconds);
    WriteGauge(write, "elile_optimize_sampling_duration_seconds", "What the last sample took.",
               model.taking_seconds);
    WriteGauge(write, "elile_optimize_scrape_duration_seconds",
               "What the scrape before this one took.", scrape_seconds);
    WriteGauge(write, "elile_optimize_stats_since_seconds",
               "When counting began, as Unix time: server start or the last reset().",
               model.stats_since);
    for (const OwnFigure& figure : model.own) {
        Family own(write, figure.name, figure.help,
                   figure.is_counter ? MetricType::Counter : MetricType::Gauge);
        own.Add({}, figure.value);
        own.End();
    }
    Family family(write, "elile_optimize_plans_lost_by_reason_total",
                  "Plans that could not be written down, by reason.", MetricType::Counter);
    for (std::size_t at = 0; at < core::kLostPlanReasons; ++at) {
        family.Add({{"reason", std::string(core::kLostPlanNames[at])}},
                   static_cast<double>(model.lost_plans[at]));
    }
    family.End();
}

}  // namespace

void Collect(const Model& model, double scrape_seconds, const Write& write) {
    CollectOwn(model, scrape_seconds, write);
    if (model.health == Health::kNoSnapshot) {
        return;
    }
    CollectSeries(model, write);
    CollectLoops(model, write);
    CollectErrors(model, write);
    CollectConnections(model, write);
    CollectPools(model, write);
    CollectIndexes(model, write);
}

}  // namespace elile::exporter

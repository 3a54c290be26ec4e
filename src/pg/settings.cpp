#include "pg/settings.hpp"

#include "pg/postgres.hpp"

namespace elile::pg {

int Settings::max_statements = 5000;
int Settings::max_tables = 1000;
int Settings::slow_query_ring = 1000;
int Settings::query_text_memory = 8192;
int Settings::slow_query_threshold = 100;
int Settings::track = static_cast<int>(Track::kTop);
bool Settings::track_utility = true;
bool Settings::track_planning = false;
bool Settings::enable_query_logging = true;

namespace {

const config_enum_entry kTrackOptions[] = {{"none", static_cast<int>(Track::kNone), false},
                                           {"top", static_cast<int>(Track::kTop), false},
                                           {"all", static_cast<int>(Track::kAll), false},
                                           {nullptr, 0, false}};

void DefineSize(const char* name, const char* what, int* value, int least, int most, int flags) {
    DefineCustomIntVariable(name, what, nullptr, value, *value, least, most, PGC_POSTMASTER, flags,
                            nullptr, nullptr, nullptr);
}

void DefineSwitch(const char* name, const char* what, bool* value) {
    DefineCustomBoolVariable(name, what, nullptr, value, *value, PGC_SUSET, 0, nullptr, nullptr,
                             nullptr);
}

}  // namespace

void DefineSettings() {
    DefineSize("elile_optimize.max_statements",
               "Sets how many statements are kept before the least used one is evicted.",
               &Settings::max_statements, 100, 1000000, 0);
    DefineSize("elile_optimize.max_tables",
               "Sets how many tables have statistics of their own; the rest are counted together.",
               &Settings::max_tables, 10, 100000, 0);
    DefineSize("elile_optimize.slow_query_ring",
               "Sets how many of the last slow executions are kept.", &Settings::slow_query_ring,
               10, 1000000, 0);
    DefineSize("elile_optimize.query_text_memory",
               "Sets the shared memory that the texts of statements may take.",
               &Settings::query_text_memory, 64, 1024 * 1024, GUC_UNIT_KB);
    DefineCustomIntVariable("elile_optimize.slow_query_threshold",
                            "Sets the execution time from which on a statement is slow.",
                            "0 makes every statement slow, -1 none.",
                            &Settings::slow_query_threshold, Settings::slow_query_threshold, -1,
                            INT_MAX, PGC_SUSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("elile_optimize.track", "Selects which statements are counted.",
                             "\"all\" counts statements inside functions too.", &Settings::track,
                             Settings::track, kTrackOptions, PGC_SUSET, 0, nullptr, nullptr,
                             nullptr);
    DefineSwitch("elile_optimize.track_utility", "Counts utility statements.",
                 &Settings::track_utility);
    DefineSwitch("elile_optimize.track_planning", "Measures the time spent in planning.",
                 &Settings::track_planning);
    DefineSwitch("elile_optimize.enable_query_logging", "Writes slow statements to the server log.",
                 &Settings::enable_query_logging);
    MarkGUCPrefixReserved("elile_optimize");
}

}  // namespace elile::pg

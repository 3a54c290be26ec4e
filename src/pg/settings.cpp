#include "pg/settings.hpp"

#include <arpa/inet.h>

#include <iterator>

#include "core/indexes/board.hpp"
#include "core/pools/presets.hpp"
#include "core/shared/text_pool.hpp"
#include "pg/compat.hpp"
#include "pg/explain_options.hpp"
#include "pg/plan_compat.hpp"
#include "pg/postgres.hpp"
#include "pg/setting.hpp"

namespace elile::pg {
namespace {

const core::PoolPreset& PresetNow() { return core::kPoolPresets[Settings::environment]; }

const config_enum_entry kTrackOptions[] = {{"none", static_cast<int>(Track::kNone), false},
                                           {"top", static_cast<int>(Track::kTop), false},
                                           {"all", static_cast<int>(Track::kAll), false},
                                           {nullptr, 0, false}};

constexpr config_enum_entry OptionOf(Environment environment) {
    const int value = static_cast<int>(environment);
    return {core::kPoolPresets[value].environment, value, false};
}

const config_enum_entry kEnvironmentOptions[] = {OptionOf(Environment::kProduction),
                                                 OptionOf(Environment::kDevelopment),
                                                 OptionOf(Environment::kTesting),
                                                 {nullptr, 0, false}};
static_assert(std::size(kEnvironmentOptions) == std::size(core::kPoolPresets) + 1);

const config_enum_entry kChoiceOptions[] = {
    {"on", static_cast<int>(Choice::kOn), false},
    {"off", static_cast<int>(Choice::kOff), false},
    {"environment", static_cast<int>(Choice::kEnvironment), false},
    {"true", static_cast<int>(Choice::kOn), true},
    {"false", static_cast<int>(Choice::kOff), true},
    {"yes", static_cast<int>(Choice::kOn), true},
    {"no", static_cast<int>(Choice::kOff), true},
    {"1", static_cast<int>(Choice::kOn), true},
    {"0", static_cast<int>(Choice::kOff), true},
    {nullptr, 0, false}};

const config_enum_entry kLogFormatOptions[] = {{"text", static_cast<int>(LogFormat::kText), false},
                                               {"json", static_cast<int>(LogFormat::kJson), false},
                                               {nullptr, 0, false}};

bool Decide(int choice, bool of_environment) {
    return static_cast<Choice>(choice) == Choice::kEnvironment
               ? of_environment
               : static_cast<Choice>(choice) == Choice::kOn;
}

constexpr char kThresholdName[] = "elile_optimize.slow_query_threshold";

int PresetThreshold(int environment) {
    return core::kPoolPresets[environment].slow_query_threshold_ms;
}

// The threshold's variable has the number that holds, for the server shows it as it is. So what was
// set to follow the environment is known by this alone.
bool follows_environment = true;

// Keeps the value ready that is compared with each execution.
void KeepReady(int threshold_ms) {
    constexpr std::uint64_t kNsPerMs = 1000000;
    Settings::slow_from_ns =
        threshold_ms < 0 ? UINT64_MAX : static_cast<std::uint64_t>(threshold_ms) * kNsPerMs;
}

bool IsThreshold(int* threshold, void** follows, GucSource) {
    if (*threshold == kThresholdOfEnvironment) {
        *follows = AllocateExtra(1);
        if (*follows == nullptr) {
            return false;
        }
        *threshold = PresetThreshold(Settings::environment);
    }
    return true;
}

void OnThreshold(int threshold, void* follows) {
    follows_environment = follows != nullptr;
    KeepReady(follows_environment ? PresetThreshold(Settings::environment) : threshold);
}

// RESET may give the threshold of the environment while another one is set.
void OnEnvironment(int environment, void*) {
    SetMarkedResetValue(kThresholdName, PresetThreshold(environment));
    if (follows_environment) {
        Settings::slow_query_threshold = PresetThreshold(environment);
        KeepReady(Settings::slow_query_threshold);
    }
}

bool IsNPlusOneThreshold(int* threshold, void**, GucSource) {
    if (*threshold != 1) {
        return true;
    }
    GUC_check_errdetail("A pattern is at least two runs; 0 looks for none.");
    return false;
}

SettingHooks told = {};

void OnLogAnalyze(bool on, void* extra) {
    if (told.on_log_analyze != nullptr) {
        told.on_log_analyze(on, extra);
    }
}

void OnComputePlanId(bool on, void* extra) {
    if (told.on_compute_plan_id != nullptr) {
        told.on_compute_plan_id(on, extra);
    }
}

void OnNPlusOneThreshold(int threshold, void* extra) {
    if (told.on_n_plus_one_threshold != nullptr) {
        told.on_n_plus_one_threshold(threshold, extra);
    }
}

bool MayComputePlanId(bool* on, void**, GucSource) {
    if (!*on || kPlansHaveIds) {
        return true;
    }
    GUC_check_errdetail("Plans have no identifiers before PostgreSQL 18.");
    return false;
}

const char* ShowKeepsPlans() { return KeepsPlans() ? "on" : "off"; }
const char* ShowKeepsParameters() { return KeepsParameters() ? "on" : "off"; }

// The exporter resolves no names: where it listens must not depend on a name server.
bool IsAddress(char** address, void**, GucSource) {
    unsigned char parsed[sizeof(in6_addr)];
    if (inet_pton(AF_INET, *address, parsed) == 1 || inet_pton(AF_INET6, *address, parsed) == 1) {
        return true;
    }
    GUC_check_errdetail("\"%s\" is not an IPv4 or IPv6 address.", *address);
    GUC_check_errhint("0.0.0.0 is all IPv4 addresses of the machine, :: all of them.");
    return false;
}

// The exporter gets the path as a line.
bool IsPath(char** path, void**, GucSource) {
    if (strpbrk(*path, "\r\n") == nullptr && strlen(*path) < MAXPGPATH) {
        return true;
    }
    GUC_check_errdetail("A path is one line of less than %d bytes.", MAXPGPATH);
    return false;
}

bool IsSchemaName(char** name, void**, GucSource) {
    const size_t length = strlen(*name);
    if (length > 0 && length < NAMEDATALEN) {
        return true;
    }
    GUC_check_errdetail("The name of a schema has 1 to %d bytes.", NAMEDATALEN - 1);
    return false;
}

constexpr int kLongestText = static_cast<int>(core::kMaxDetailBytes);
constexpr int kMostBuilds = static_cast<int>(core::kBuildSlots);

constexpr Setting kSettings[] = {
    {"elile_optimize.max_statements", PGC_POSTMASTER, 0,
     Whole{&Settings::max_statements, 5000, 100, 1000000},
     "Sets how many statements are kept before the least used one is evicted."},
    {"elile_optimize.max_tables", PGC_POSTMASTER, 0, Whole{&Settings::max_tables, 1000, 10, 100000},
     "Sets how many tables have statistics of their own; the rest are counted together."},
    {"elile_optimize.slow_query_ring", PGC_POSTMASTER, 0,
     Whole{&Settings::slow_query_ring, 1000, 10, 1000000},
     "Sets how many of the last slow executions are kept."},
    {"elile_optimize.query_text_memory", PGC_POSTMASTER, GUC_UNIT_KB,
     Whole{&Settings::query_text_memory, 8192, 64, 1024 * 1024},
     "Sets the shared memory that the texts of statements may take."},
    {"elile_optimize.plan_memory", PGC_POSTMASTER, GUC_UNIT_KB,
     Whole{&Settings::plan_memory, 1024, 64, 1024 * 1024},
     "Sets the shared memory that plans and parameters of slow statements may take."},

    {"elile_optimize.environment", PGC_SUSET, 0,
     Choices{&Settings::environment, static_cast<int>(Environment::kProduction),
             kEnvironmentOptions, OnEnvironment},
     "Selects the preset that other settings follow.",
     "A setting that was set itself does not follow it."},
    {kThresholdName, PGC_SUSET, GUC_UNIT_MS,
     Whole{&Settings::slow_query_threshold, kThresholdOfEnvironment, kThresholdOfEnvironment,
           INT_MAX, IsThreshold, OnThreshold},
     "Sets the execution time from which on a statement is slow.",
     "0 makes every statement slow, -1 none; -2 is as elile_optimize.environment has it."},
    {"elile_optimize.track", PGC_SUSET, 0,
     Choices{&Settings::track, static_cast<int>(Track::kTop), kTrackOptions},
     "Selects which statements are counted.", "\"all\" counts statements inside functions too."},
    {"elile_optimize.track_utility", PGC_SUSET, 0, Switch{&Settings::track_utility, true},
     "Counts utility statements."},
    {"elile_optimize.track_planning", PGC_SUSET, 0, Switch{&Settings::track_planning, false},
     "Measures the time spent in planning."},
    {"elile_optimize.compute_plan_id", PGC_SUSET, 0,
     Switch{&Settings::compute_plan_id, false, MayComputePlanId, OnComputePlanId},
     "Gives plans an identifier as they are made.",
     "PostgreSQL 18 and later have them. A plan that has one already keeps it."},
    {"elile_optimize.sample_rate", PGC_SUSET, 0, Share{&Settings::sample_rate, 1},
     "Sets the share of the statements below the threshold that is counted.",
     "One that is counted stands for 1/sample_rate of them. Slow and failed ones always are."},
    {"elile_optimize.n_plus_one_threshold", PGC_SUSET, 0,
     Whole{&Settings::n_plus_one_threshold, 10, 0, 1000000, IsNPlusOneThreshold,
           OnNPlusOneThreshold},
     "Sets how many runs of one statement after another one's rows make an N+1 pattern.",
     "0 looks for none."},

    {"elile_optimize.enable_query_logging", PGC_SUSET, 0,
     Switch{&Settings::enable_query_logging, true}, "Writes slow statements to the server log."},
    {"elile_optimize.log_query_plan", PGC_SUSET, 0,
     Choices{&Settings::log_query_plan, static_cast<int>(Choice::kEnvironment), kChoiceOptions,
             nullptr, ShowKeepsPlans},
     "Keeps the plans of slow statements.",
     "\"environment\" is as elile_optimize.environment has it."},
    {"elile_optimize.log_parameters", PGC_SUSET, 0,
     Choices{&Settings::log_parameters, static_cast<int>(Choice::kEnvironment), kChoiceOptions,
             nullptr, ShowKeepsParameters},
     "Keeps the parameters and literals of slow statements.",
     "\"environment\" is as elile_optimize.environment has it."},
    {"elile_optimize.log_analyze", PGC_SUSET, 0,
     Switch{&Settings::log_analyze, false, nullptr, OnLogAnalyze},
     "Collects rows and times of each plan node for the plans of slow statements.",
     "It slows every statement down."},
    {"elile_optimize.log_format", PGC_SUSET, 0,
     Choices{&Settings::log_format, static_cast<int>(LogFormat::kText), kLogFormatOptions},
     "Selects the form of log lines on slow statements."},
    {"elile_optimize.log_plan_max_length", PGC_SUSET, GUC_UNIT_BYTE,
     Whole{&Settings::log_plan_max_length, 16384, 256, kLongestText},
     "Sets the length at which a kept plan is cut."},
    {"elile_optimize.log_parameter_max_length", PGC_SUSET, GUC_UNIT_BYTE,
     Whole{&Settings::log_parameter_max_length, 1024, 4, kLongestText},
     "Sets the length at which a kept parameter or literal is cut."},
    {"elile_optimize.log_extension_options", PGC_SUSET, 0,
     Words{&Settings::log_extension_options, "", CheckExtensionOptions, AssignExtensionOptions},
     "Lists EXPLAIN options of extensions for the plans of slow statements.",
     "As between EXPLAIN's brackets; PostgreSQL 18 and later have such options."},
    {"elile_optimize.log_rate_limit", PGC_SIGHUP, 0,
     Whole{&Settings::log_rate_limit, 100, -1, INT_MAX},
     "Sets how many lines on slow statements a second the log gets.", "-1 is no limit."},

    {"elile_optimize.save_interval", PGC_SIGHUP, GUC_UNIT_S,
     Whole{&Settings::save_interval, 10, 0, 86400},
     "Sets how often statistics are saved, so that a crash loses no more.",
     "They are saved at shutdown too. 0 saves them only then."},

    {"elile_optimize.metrics_port", PGC_SIGHUP, 0, Whole{&Settings::metrics_port, 0, 0, 65535},
     "Sets the port on which metrics are served over HTTP.", "0 is off."},
    {"elile_optimize.metrics_listen_address", PGC_SIGHUP, 0,
     Words{&Settings::metrics_listen_address, "127.0.0.1", IsAddress},
     "Sets the IP address on which metrics are served."},
    {"elile_optimize.metrics_auth_file", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
     Words{&Settings::metrics_auth_file, "", IsPath},
     "Sets the file with the users who may read metrics.",
     "It has lines of user:hash as crypt(3) reads them. Without a file everybody may."},
    {"elile_optimize.metrics_max_tables", PGC_SIGHUP, 0,
     Whole{&Settings::metrics_max_tables, 200, 1, 10000},
     "Sets how many tables have metrics of their own; the rest are summed as \"other\".",
     "Above 200 a higher value takes effect at a restart."},
    {"elile_optimize.metrics_show_queries", PGC_SIGHUP, 0,
     Switch{&Settings::metrics_show_queries, false},
     "Shows texts of statements on the status page to everybody who can reach it.",
     "With elile_optimize.metrics_auth_file, users in it see them anyway."},

    {"elile_optimize.max_parallel_builds", PGC_SIGHUP, 0,
     Whole{&Settings::max_parallel_builds, 1, 1, kMostBuilds},
     "Sets how many indexes are built in the background at once, in all databases.",
     "Each takes a background worker, and one more for each database that builds."},
    {"elile_optimize.index_build_memory", PGC_SIGHUP, GUC_UNIT_KB,
     Whole{&Settings::index_build_memory, kServersMemory, kServersMemory, MAX_KILOBYTES},
     "Sets the memory that a background build may use.", "-1 is maintenance_work_mem."},
    {"elile_optimize.index_build_retries", PGC_SIGHUP, 0,
     Whole{&Settings::index_build_retries, 3, 0, 100},
     "Sets how many times a background build begins again after it was ended."},
    {"elile_optimize.index_build_retry_delay", PGC_SIGHUP, GUC_UNIT_S,
     Whole{&Settings::index_build_retry_delay, 5, 0, 86400},
     "Sets how long a build waits before it begins again.",
     "The wait is twice as long after each further attempt."},
    {"elile_optimize.index_build_max_lag", PGC_SIGHUP, GUC_UNIT_KB,
     Whole{&Settings::index_build_max_lag, 1024 * 1024, -1, MAX_KILOBYTES},
     "Sets the lag of a replica above which no background build begins.", "-1 is no limit."},
    {"elile_optimize.index_build_max_active", PGC_SIGHUP, 0,
     Whole{&Settings::index_build_max_active, -1, -1, INT_MAX},
     "Sets the number of active sessions above which no background build begins.",
     "-1 is no limit."},

    {"elile_optimize.pool_size", PGC_USERSET, 0,
     Whole{&Settings::pool_size, kNoPool, kNoPool, core::kMostConnections},
     "Says how many connections the role's pool keeps open.",
     "apply_preset() sets it; nothing is limited by it. -1 is unknown."},
    {"elile_optimize.max_overflow", PGC_USERSET, 0,
     Whole{&Settings::max_overflow, kNoPool, kNoPool, core::kMostConnections},
     "Says how many connections the role's pool opens beyond its size.",
     "apply_preset() sets it; nothing is limited by it. -1 is unknown."},
};

constexpr Setting kIndexSettings[] = {
    {"elile_optimize.index_schema", PGC_USERSET, 0,
     Words{&Settings::index_schema, "public", IsSchemaName},
     "Sets the schema in which the index set's tables are.",
     "It is the name as it is, without quotes."},
    {"elile_optimize.inline_index_limit", PGC_USERSET, GUC_UNIT_KB,
     Whole{&Settings::inline_index_limit, 64 * 1024, 0, MAX_KILOBYTES},
     "Sets the table size below which CREATE EXTENSION and ALTER EXTENSION build the index set.",
     "Indexes of larger tables wait for build_indexes(). 0 builds none."},
};

}  // namespace

void DefineIndexes() {
    TakeBootValues(kSettings);
    DefineEach(kIndexSettings);
}

void DefineSettings(const SettingHooks& hooks) {
    told = hooks;
    DefineEach(kSettings);
    MarkGUCPrefixReserved("elile_optimize");
}

void SettleThreshold() {
    if (follows_environment) {
        Settings::slow_query_threshold = PresetThreshold(Settings::environment);
    }
}

int ThresholdMs() {
    SettleThreshold();
    return Settings::slow_query_threshold;
}

bool KeepsPlans() { return Decide(Settings::log_query_plan, PresetNow().log_query_plan); }

bool KeepsParameters() { return Decide(Settings::log_parameters, PresetNow().log_parameters); }

}  // namespace elile::pg

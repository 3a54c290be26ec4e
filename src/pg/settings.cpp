#include "pg/settings.hpp"

#include <arpa/inet.h>

#include <iterator>

#include "core/indexes/board.hpp"
#include "core/pools/presets.hpp"
#include "core/shared/text_pool.hpp"
#include "pg/explain_options.hpp"
#include "pg/plan_compat.hpp"
#include "pg/postgres.hpp"

namespace elile::pg {

int Settings::max_statements = 5000;
int Settings::max_tables = 1000;
int Settings::slow_query_ring = 1000;
int Settings::query_text_memory = 8192;
int Settings::plan_memory = 1024;
int Settings::log_rate_limit = 100;
int Settings::metrics_port = 0;
char* Settings::metrics_listen_address = nullptr;
char* Settings::metrics_auth_file = nullptr;
int Settings::metrics_max_tables = 200;
bool Settings::metrics_show_queries = false;
int Settings::max_parallel_builds = 1;
int Settings::index_build_memory = kServersMemory;
int Settings::index_build_retries = 3;
int Settings::index_build_retry_delay = 5;
int Settings::index_build_max_lag = 1024 * 1024;
int Settings::index_build_max_active = -1;
int Settings::environment = static_cast<int>(Environment::kProduction);
int Settings::slow_query_threshold = kThresholdOfEnvironment;
int Settings::track = static_cast<int>(Track::kTop);
bool Settings::track_utility = true;
bool Settings::track_planning = false;
double Settings::sample_rate = 1;
int Settings::n_plus_one_threshold = 10;
bool Settings::enable_query_logging = true;
int Settings::log_query_plan = static_cast<int>(Choice::kEnvironment);
int Settings::log_parameters = static_cast<int>(Choice::kEnvironment);
bool Settings::log_analyze = false;
int Settings::log_format = static_cast<int>(LogFormat::kText);
int Settings::log_plan_max_length = 16384;
int Settings::log_parameter_max_length = 1024;
char* Settings::log_extension_options = nullptr;
bool Settings::compute_plan_id = false;
char* Settings::index_schema = nullptr;
int Settings::inline_index_limit = 64 * 1024;
int Settings::pool_size = kNoPool;
int Settings::max_overflow = kNoPool;
std::uint64_t Settings::slow_from_ns = UINT64_MAX;

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

int Threshold(int setting, int environment) {
    return setting == kThresholdOfEnvironment
               ? core::kPoolPresets[environment].slow_query_threshold_ms
               : setting;
}

// What is compared with each execution is kept ready; no setting is touched.
void KeepReady(int threshold, int environment) {
    constexpr std::uint64_t kNsPerMs = 1000000;
    const int threshold_ms = Threshold(threshold, environment);
    Settings::slow_from_ns =
        threshold_ms < 0 ? UINT64_MAX : static_cast<std::uint64_t>(threshold_ms) * kNsPerMs;
}

void OnThreshold(int threshold, void*) { KeepReady(threshold, Settings::environment); }

void OnEnvironment(int environment, void*) {
    KeepReady(Settings::slow_query_threshold, environment);
}

bool IsNPlusOneThreshold(int* threshold, void**, GucSource) {
    if (*threshold != 1) {
        return true;
    }
    GUC_check_errdetail("A pattern is at least two runs; 0 looks for none.");
    return false;
}

bool MayComputePlanId(bool* on, void**, GucSource) {
    if (!*on || kPlansHaveIds) {
        return true;
    }
    GUC_check_errdetail("Plans have no identifiers before PostgreSQL 18.");
    return false;
}

// In the largest unit that takes no fraction, as the server shows times.
const char* ShowThreshold() {
    static char text[32];
    struct Unit {
        int ms;
        const char* name;
    };
    constexpr Unit kUnits[] = {
        {86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    const int threshold = ThresholdMs();
    if (threshold <= 0) {
        pg_snprintf(text, sizeof(text), "%d", threshold);
        return text;
    }
    const Unit* unit = kUnits;
    while (threshold % unit->ms != 0) {
        ++unit;
    }
    pg_snprintf(text, sizeof(text), "%d%s", threshold / unit->ms, unit->name);
    return text;
}

const char* ShowKeepsPlans() { return KeepsPlans() ? "on" : "off"; }
const char* ShowKeepsParameters() { return KeepsParameters() ? "on" : "off"; }

void DefineSize(const char* name, const char* what, int* value, int least, int most, int flags) {
    DefineCustomIntVariable(name, what, nullptr, value, *value, least, most, PGC_POSTMASTER, flags,
                            nullptr, nullptr, nullptr);
}

void DefineSwitch(const char* name, const char* what, const char* more, bool* value,
                  GucBoolCheckHook check = nullptr, GucBoolAssignHook assign = nullptr) {
    DefineCustomBoolVariable(name, what, more, value, *value, PGC_SUSET, 0, check, assign, nullptr);
}

void DefineChoice(const char* name, const char* what, const char* more, int* value,
                  const config_enum_entry* options, GucShowHook show) {
    DefineCustomEnumVariable(name, what, more, value, *value, options, PGC_SUSET, 0, nullptr,
                             nullptr, show);
}

void DefineLength(const char* name, const char* what, int* value, int least) {
    DefineCustomIntVariable(name, what, nullptr, value, *value, least,
                            static_cast<int>(core::kMaxDetailBytes), PGC_SUSET, GUC_UNIT_BYTE,
                            nullptr, nullptr, nullptr);
}

void DefineSizes() {
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
    DefineSize("elile_optimize.plan_memory",
               "Sets the shared memory that plans and parameters of slow statements may take.",
               &Settings::plan_memory, 64, 1024 * 1024, GUC_UNIT_KB);
}

void DefineCounting(const SettingHooks& hooks) {
    DefineCustomEnumVariable(
        "elile_optimize.environment", "Selects the preset that other settings follow.",
        "A setting that was set itself does not follow it.", &Settings::environment,
        Settings::environment, kEnvironmentOptions, PGC_SUSET, 0, nullptr, OnEnvironment, nullptr);
    DefineCustomIntVariable(
        "elile_optimize.slow_query_threshold",
        "Sets the execution time from which on a statement is slow.",
        "0 makes every statement slow, -1 none; -2 is as elile_optimize.environment has it.",
        &Settings::slow_query_threshold, Settings::slow_query_threshold, kThresholdOfEnvironment,
        INT_MAX, PGC_SUSET, GUC_UNIT_MS, nullptr, OnThreshold, ShowThreshold);
    DefineChoice("elile_optimize.track", "Selects which statements are counted.",
                 "\"all\" counts statements inside functions too.", &Settings::track, kTrackOptions,
                 nullptr);
    DefineSwitch("elile_optimize.track_utility", "Counts utility statements.", nullptr,
                 &Settings::track_utility);
    DefineSwitch("elile_optimize.track_planning", "Measures the time spent in planning.", nullptr,
                 &Settings::track_planning);
    DefineSwitch("elile_optimize.compute_plan_id", "Gives plans an identifier as they are made.",
                 "PostgreSQL 18 and later have them. A plan that has one already keeps it.",
                 &Settings::compute_plan_id, MayComputePlanId, hooks.on_compute_plan_id);
    DefineCustomRealVariable(
        "elile_optimize.sample_rate",
        "Sets the share of the statements below the threshold that is counted.",
        "One that is counted stands for 1/sample_rate of them. Slow and failed ones always are.",
        &Settings::sample_rate, Settings::sample_rate, 0, 1, PGC_SUSET, 0, nullptr, nullptr,
        nullptr);
    DefineCustomIntVariable(
        "elile_optimize.n_plus_one_threshold",
        "Sets how many runs of one statement after another one's rows make an N+1 pattern.",
        "0 looks for none.", &Settings::n_plus_one_threshold, Settings::n_plus_one_threshold, 0,
        1000000, PGC_SUSET, 0, IsNPlusOneThreshold, hooks.on_n_plus_one_threshold, nullptr);
}

void DefineLogging(const SettingHooks& hooks) {
    DefineSwitch("elile_optimize.enable_query_logging", "Writes slow statements to the server log.",
                 nullptr, &Settings::enable_query_logging);
    DefineChoice("elile_optimize.log_query_plan", "Keeps the plans of slow statements.",
                 "\"environment\" is as elile_optimize.environment has it.",
                 &Settings::log_query_plan, kChoiceOptions, ShowKeepsPlans);
    DefineChoice("elile_optimize.log_parameters",
                 "Keeps the parameters and literals of slow statements.",
                 "\"environment\" is as elile_optimize.environment has it.",
                 &Settings::log_parameters, kChoiceOptions, ShowKeepsParameters);
    DefineSwitch("elile_optimize.log_analyze",
                 "Collects rows and times of each plan node for the plans of slow statements.",
                 "It slows every statement down.", &Settings::log_analyze, nullptr,
                 hooks.on_log_analyze);
    DefineChoice("elile_optimize.log_format", "Selects the form of log lines on slow statements.",
                 nullptr, &Settings::log_format, kLogFormatOptions, nullptr);
    DefineLength("elile_optimize.log_plan_max_length",
                 "Sets the length at which a kept plan is cut.", &Settings::log_plan_max_length,
                 256);
    DefineLength("elile_optimize.log_parameter_max_length",
                 "Sets the length at which a kept parameter or literal is cut.",
                 &Settings::log_parameter_max_length, 4);
    DefineCustomStringVariable(
        "elile_optimize.log_extension_options",
        "Lists EXPLAIN options of extensions for the plans of slow statements.",
        "As between EXPLAIN's brackets; PostgreSQL 18 and later have such options.",
        &Settings::log_extension_options, "", PGC_SUSET, 0, CheckExtensionOptions,
        AssignExtensionOptions, nullptr);
    DefineCustomIntVariable("elile_optimize.log_rate_limit",
                            "Sets how many lines on slow statements a second the log gets.",
                            "-1 is no limit.", &Settings::log_rate_limit, Settings::log_rate_limit,
                            -1, INT_MAX, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
}

// The exporter resolves no names: what it binds must not hang on a name server.
bool IsAddress(char** address, void**, GucSource) {
    unsigned char parsed[sizeof(in6_addr)];
    if (inet_pton(AF_INET, *address, parsed) == 1 || inet_pton(AF_INET6, *address, parsed) == 1) {
        return true;
    }
    GUC_check_errdetail("\"%s\" is not an IPv4 or IPv6 address.", *address);
    GUC_check_errhint("0.0.0.0 is all IPv4 addresses of the machine, :: all of them.");
    return false;
}

// It goes to the exporter as a line.
bool IsPath(char** path, void**, GucSource) {
    if (strpbrk(*path, "\r\n") == nullptr && strlen(*path) < MAXPGPATH) {
        return true;
    }
    GUC_check_errdetail("A path is one line of less than %d bytes.", MAXPGPATH);
    return false;
}

void DefineMetrics() {
    DefineCustomIntVariable("elile_optimize.metrics_port",
                            "Sets the port on which metrics are served over HTTP.", "0 is off.",
                            &Settings::metrics_port, Settings::metrics_port, 0, 65535, PGC_SIGHUP,
                            0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("elile_optimize.metrics_listen_address",
                               "Sets the IP address on which metrics are served.", nullptr,
                               &Settings::metrics_listen_address, "127.0.0.1", PGC_SIGHUP, 0,
                               IsAddress, nullptr, nullptr);
    DefineCustomStringVariable(
        "elile_optimize.metrics_auth_file", "Sets the file with the users who may read metrics.",
        "It has lines of user:hash as crypt(3) reads them. Without a file everybody may.",
        &Settings::metrics_auth_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, IsPath, nullptr, nullptr);
    DefineCustomIntVariable(
        "elile_optimize.metrics_max_tables",
        "Sets how many tables have metrics of their own; the rest are summed as \"other\".",
        "Above 200 a higher value takes effect at a restart.", &Settings::metrics_max_tables,
        Settings::metrics_max_tables, 1, 10000, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable(
        "elile_optimize.metrics_show_queries",
        "Shows texts of statements on the status page to everybody who can reach it.",
        "With elile_optimize.metrics_auth_file, users in it see them anyway.",
        &Settings::metrics_show_queries, Settings::metrics_show_queries, PGC_SIGHUP, 0, nullptr,
        nullptr, nullptr);
}

void DefineBuild(const char* name, const char* what, const char* more, int* value, int least,
                 int most, int flags) {
    DefineCustomIntVariable(name, what, more, value, *value, least, most, PGC_SIGHUP, flags,
                            nullptr, nullptr, nullptr);
}

void DefineBuilds() {
    DefineBuild("elile_optimize.max_parallel_builds",
                "Sets how many indexes are built in the background at once, in all databases.",
                "Each takes a background worker, and one more for each database that builds.",
                &Settings::max_parallel_builds, 1, static_cast<int>(core::kBuildSlots), 0);
    DefineBuild("elile_optimize.index_build_memory",
                "Sets the memory that a background build may use.", "-1 is maintenance_work_mem.",
                &Settings::index_build_memory, kServersMemory, MAX_KILOBYTES, GUC_UNIT_KB);
    DefineBuild("elile_optimize.index_build_retries",
                "Sets how many times a background build begins again after it was ended.", nullptr,
                &Settings::index_build_retries, 0, 100, 0);
    DefineBuild("elile_optimize.index_build_retry_delay",
                "Sets how long a build waits before it begins again.",
                "The wait is twice as long after each further attempt.",
                &Settings::index_build_retry_delay, 0, 86400, GUC_UNIT_S);
    DefineBuild("elile_optimize.index_build_max_lag",
                "Sets the lag of a replica above which no background build begins.",
                "-1 is no limit.", &Settings::index_build_max_lag, -1, MAX_KILOBYTES, GUC_UNIT_KB);
    DefineBuild("elile_optimize.index_build_max_active",
                "Sets the number of active sessions above which no background build begins.",
                "-1 is no limit.", &Settings::index_build_max_active, -1, INT_MAX, 0);
}

void DefinePool() {
    DefineCustomIntVariable(
        "elile_optimize.pool_size", "Says how many connections the role's pool keeps open.",
        "apply_preset() sets it; nothing is limited by it. -1 is unknown.", &Settings::pool_size,
        kNoPool, kNoPool, core::kMostConnections, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("elile_optimize.max_overflow",
                            "Says how many connections the role's pool opens beyond its size.",
                            "apply_preset() sets it; nothing is limited by it. -1 is unknown.",
                            &Settings::max_overflow, kNoPool, kNoPool, core::kMostConnections,
                            PGC_USERSET, 0, nullptr, nullptr, nullptr);
}

bool IsSchemaName(char** name, void**, GucSource) {
    const size_t length = strlen(*name);
    if (length > 0 && length < NAMEDATALEN) {
        return true;
    }
    GUC_check_errdetail("The name of a schema has 1 to %d bytes.", NAMEDATALEN - 1);
    return false;
}

}  // namespace

void DefineIndexes() {
    DefineCustomStringVariable("elile_optimize.index_schema",
                               "Sets the schema in which the index set's tables are.",
                               "It is the name as it is, without quotes.", &Settings::index_schema,
                               "public", PGC_USERSET, 0, IsSchemaName, nullptr, nullptr);
    DefineCustomIntVariable(
        "elile_optimize.inline_index_limit",
        "Sets the table size below which CREATE EXTENSION and ALTER EXTENSION build the index set.",
        "Indexes of larger tables wait for build_indexes(). 0 builds none.",
        &Settings::inline_index_limit, Settings::inline_index_limit, 0, MAX_KILOBYTES, PGC_USERSET,
        GUC_UNIT_KB, nullptr, nullptr, nullptr);
}

void DefineSettings(const SettingHooks& hooks) {
    DefineSizes();
    DefineCounting(hooks);
    DefineLogging(hooks);
    DefineMetrics();
    DefineBuilds();
    DefinePool();
    MarkGUCPrefixReserved("elile_optimize");
}

int ThresholdMs() { return Threshold(Settings::slow_query_threshold, Settings::environment); }

bool KeepsPlans() { return Decide(Settings::log_query_plan, PresetNow().log_query_plan); }

bool KeepsParameters() { return Decide(Settings::log_parameters, PresetNow().log_parameters); }

}  // namespace elile::pg

// preset_sql() and apply_preset(): a preset as ALTER ROLE statements.
//
// The settings themselves tell which preset a role has: environment, pool_size and max_overflow are
// among them. They are in pg_db_role_setting, so the preset goes with the role and the database,
// and into pg_dumpall. A role cannot give itself a preset: environment takes a superuser or a
// GRANT.
#include "sql_functions/common.hpp"
#include "sql_functions/pool_arguments.hpp"
#include "sql_functions/role_presets.hpp"

namespace elile::sql_functions {
namespace {

using core::MostConnections;
using core::PoolPreset;

const char* Milliseconds(int ms) {
    return ms > 0 && ms % 1000 == 0 ? psprintf("%ds", ms / 1000)
           : ms > 0                 ? psprintf("%dms", ms)
                                    : psprintf("%d", ms);
}

const char* OnOff(bool on) { return on ? "on" : "off"; }

struct Setting {
    const char* name;
    bool is_superusers;
    const char* (*value)(const PoolPreset& preset);
};

constexpr Setting kSettings[] = {
    {"elile_optimize.environment", true,
     [](const PoolPreset& preset) { return preset.environment; }},
    {"elile_optimize.pool_size", false,
     [](const PoolPreset& preset) -> const char* { return psprintf("%d", preset.pool_size); }},
    {"elile_optimize.max_overflow", false,
     [](const PoolPreset& preset) -> const char* { return psprintf("%d", preset.max_overflow); }},
    {"statement_timeout", false,
     [](const PoolPreset& preset) { return Milliseconds(preset.statement_timeout_ms); }},
    {"lock_timeout", false,
     [](const PoolPreset& preset) { return Milliseconds(preset.lock_timeout_ms); }},
    {"elile_optimize.slow_query_threshold", true,
     [](const PoolPreset& preset) { return Milliseconds(preset.slow_query_threshold_ms); }},
    {"elile_optimize.log_query_plan", true,
     [](const PoolPreset& preset) { return OnOff(preset.log_query_plan); }},
    {"elile_optimize.log_parameters", true,
     [](const PoolPreset& preset) { return OnOff(preset.log_parameters); }},
};

// This is the setting that a preset with echo sets. A preset without echo leaves it alone.
constexpr const char* kEchoSetting = "log_min_duration_statement";

Subject SubjectOf(FunctionCallInfo fcinfo) {
    return FindSubject(NameArgument(fcinfo, 1, "role"), NameArgument(fcinfo, 2, "datname"));
}

char* LimitSql(const Subject& subject, int limit) {
    return psprintf("ALTER ROLE %s CONNECTION LIMIT %d;", quote_identifier(subject.role), limit);
}

char* SetSql(const Subject& subject, const char* name, const char* value) {
    return psprintf("ALTER ROLE %s IN DATABASE %s SET %s = %s;", quote_identifier(subject.role),
                    quote_identifier(subject.database), name, quote_literal_cstr(value));
}

char* ResetSql(const Subject& subject, const char* name) {
    return psprintf("ALTER ROLE %s IN DATABASE %s RESET %s;", quote_identifier(subject.role),
                    quote_identifier(subject.database), name);
}

// The limit comes first, so that a caller who may not alter the role is told that before anything
// else.
List* StatementsOf(const Subject& subject, const PoolPreset& preset) {
    List* statements = list_make1(LimitSql(subject, MostConnections(preset)));
    for (const Setting& setting : kSettings) {
        statements = lappend(statements, SetSql(subject, setting.name, setting.value(preset)));
    }
    if (preset.echo) {
        statements = lappend(statements, SetSql(subject, kEchoSetting, "0"));
    }
    return statements;
}

List* RemovalOf(const Subject& subject, const RolePresets& presets) {
    const RolePreset& preset = *presets.here;
    List* statements = NIL;
    if (presets.count == 1 && subject.limit == preset.pool_size + preset.max_overflow) {
        statements = list_make1(LimitSql(subject, -1));
    }
    for (const Setting& setting : kSettings) {
        statements = lappend(statements, ResetSql(subject, setting.name));
    }
    if (preset.logs_all) {
        statements = lappend(statements, ResetSql(subject, kEchoSetting));
    }
    return statements;
}

void RefuseOthers(const Subject& subject, const RolePresets& presets, const PoolPreset& wanted) {
    for (int at = 0; at < presets.count; ++at) {
        const RolePreset& has = presets.rows[at];
        if (strcmp(has.environment, wanted.environment) != 0 || has.pool_size != wanted.pool_size ||
            has.max_overflow != wanted.max_overflow) {
            ereport(ERROR,
                    (errcode(ERRCODE_OBJECT_IN_USE),
                     errmsg("role \"%s\" has another preset in database \"%s\": %s with %d + %d "
                            "connections",
                            subject.role, has.database, has.environment, has.pool_size,
                            has.max_overflow),
                     errdetail("A role has one connection limit, which holds in all databases."),
                     errhint("apply_preset(null, %s, %s) takes it away.",
                             quote_literal_cstr(subject.role), quote_literal_cstr(has.database))));
        }
    }
    if (presets.count == 0 && subject.limit >= 0) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("role \"%s\" has a connection limit of %d that no preset has set",
                               subject.role, subject.limit),
                        errhint("%s first.", LimitSql(subject, -1))));
    }
}

void RequireGrants(bool with_echo) {
    StringInfoData missing;
    initStringInfo(&missing);
    const auto look = [&missing](const char* name) {
        if (pg_parameter_aclcheck(name, GetUserId(), ACL_SET) != ACLCHECK_OK) {
            appendStringInfo(&missing, "%s%s", missing.len > 0 ? ", " : "", name);
        }
    };
    for (const Setting& setting : kSettings) {
        if (setting.is_superusers) {
            look(setting.name);
        }
    }
    if (with_echo) {
        look(kEchoSetting);
    }
    if (missing.len > 0) {
        const char* caller = GetUserNameFromId(GetUserId(), false);
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied to set the parameters of a preset"),
                        errhint("GRANT SET ON PARAMETER %s TO %s;", missing.data,
                                quote_identifier(caller))));
    }
}

void Run(const char* statement) {
    if (SPI_execute(statement, false, 0) != SPI_OK_UTILITY) {
        elog(ERROR, "could not run \"%s\"", statement);
    }
}

// Runs the statements in the caller's transaction and with the caller's rights, as SPI does.
void RunAll(List* statements, bool with_echo) {
    SPI_connect();
    const bool limits_first =
        strstr(static_cast<const char*>(linitial(statements)), " CONNECTION LIMIT ") != nullptr;
    if (limits_first) {
        Run(static_cast<const char*>(linitial(statements)));
    }
    RequireGrants(with_echo);
    for (int at = limits_first ? 1 : 0; at < list_length(statements); ++at) {
        Run(static_cast<const char*>(list_nth(statements, at)));
    }
    SPI_finish();
}

const char* NamesOfSettings() {
    StringInfoData names;
    initStringInfo(&names);
    for (const Setting& setting : kSettings) {
        appendStringInfo(&names, "%s,", setting.name);
    }
    appendStringInfoString(&names, kEchoSetting);
    return names.data;
}

void SayWhatHolds(const Subject& subject, const PoolPreset& preset, const char* replaced) {
    if (replaced != nullptr) {
        ereport(NOTICE, (errmsg("settings of role \"%s\" in database \"%s\" that it had are "
                                "replaced: %s",
                                subject.role, subject.database, replaced)));
    }
    if (subject.is_superuser) {
        ereport(WARNING, (errmsg("no connection limit holds for superuser \"%s\"", subject.role)));
    } else if (!subject.can_login) {
        ereport(WARNING, (errmsg("role \"%s\" cannot log in", subject.role),
                          errdetail("Its members do not take over a preset.")));
    } else if (subject.limit != MostConnections(preset)) {
        ereport(NOTICE,
                (errmsg("role \"%s\" now has at most %d connections, in all databases together",
                        subject.role, MostConnections(preset)),
                 errdetail("A role shared by n processes, each with a pool of its own, needs n "
                           "times the size.")));
    }
}

void Apply(FunctionCallInfo fcinfo, const Subject& subject) {
    const PoolPreset preset = PresetArgument(fcinfo, 0, 3);
    const RolePresets presets = PresetsOf(subject);
    RefuseOthers(subject, presets, preset);
    const char* replaced =
        presets.here == nullptr ? SettingsAmong(subject, NamesOfSettings()) : nullptr;
    RunAll(StatementsOf(subject, preset), preset.echo);
    SayWhatHolds(subject, preset, replaced);
}

void Remove(const Subject& subject) {
    const RolePresets presets = PresetsOf(subject);
    if (presets.here == nullptr) {
        ereport(NOTICE, (errmsg("role \"%s\" has no preset in database \"%s\"", subject.role,
                                subject.database)));
        return;
    }
    RunAll(RemovalOf(subject, presets), presets.here->logs_all);
    if (presets.count > 1) {
        ereport(NOTICE, (errmsg("role \"%s\" keeps its connection limit of %d", subject.role,
                                subject.limit),
                         errdetail("It has the same preset in another database.")));
    } else if (subject.limit >= 0 &&
               subject.limit != presets.here->pool_size + presets.here->max_overflow) {
        ereport(NOTICE, (errmsg("role \"%s\" keeps its connection limit of %d", subject.role,
                                subject.limit),
                         errdetail("No preset has set it.")));
    }
}

// Appends the statements, one on each line.
void AppendAll(StringInfo sql, List* statements) {
    for (int at = 0; at < list_length(statements); ++at) {
        appendStringInfo(sql, "%s%s", sql->len > 0 ? "\n" : "",
                         static_cast<const char*>(list_nth(statements, at)));
    }
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_preset_sql, kTakesNull, TEXTOID, TEXTOID, NAMEOID, NAMEOID,
                   ELILE_POOL_NUMBERS) {
    const Subject subject = SubjectOf(fcinfo);
    StringInfoData sql;
    initStringInfo(&sql);
    if (PG_ARGISNULL(0)) {
        const RolePresets presets = PresetsOf(subject);
        if (presets.here == nullptr) {
            appendStringInfoString(&sql, "-- There is no preset to take away.");
        } else {
            AppendAll(&sql, RemovalOf(subject, presets));
        }
    } else {
        const core::PoolPreset preset = PresetArgument(fcinfo, 0, 3);
        RefuseOthers(subject, PresetsOf(subject), preset);
        appendStringInfo(&sql,
                         "-- Preset %s: a pool of %d + %d connections. The limit holds in all "
                         "databases together; a role\n-- shared by n processes, each with a pool "
                         "of its own, needs n times the size.",
                         preset.environment, preset.pool_size, preset.max_overflow);
        AppendAll(&sql, StatementsOf(subject, preset));
    }
    return CStringGetTextDatum(sql.data);
}

ELILE_SQL_FUNCTION(elile_apply_preset, kTakesNull, VOIDOID, TEXTOID, NAMEOID, NAMEOID,
                   ELILE_POOL_NUMBERS) {
    store::RequireSegment();
    const Subject subject = SubjectOf(fcinfo);
    if (PG_ARGISNULL(0)) {
        Remove(subject);
    } else {
        Apply(fcinfo, subject);
    }
    PG_RETURN_VOID();
}

#include "sql_functions/pool_arguments.hpp"

#include "pg/compat.hpp"

namespace elile::sql_functions {
namespace {

const char* KnownEnvironments() {
    StringInfoData names;
    initStringInfo(&names);
    for (const core::PoolPreset& preset : core::kPoolPresets) {
        appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", preset.environment);
    }
    return names.data;
}

const core::PoolPreset& PresetNamed(FunctionCallInfo fcinfo, int at) {
    if (PG_ARGISNULL(at)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("environment is null"),
                        errhint("Available values: %s.", KnownEnvironments())));
    }
    const char* name = text_to_cstring(PG_GETARG_TEXT_PP(at));
    const core::PoolPreset* preset = core::FindPoolPreset(name);
    if (preset == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("unrecognized environment \"%s\"", name),
                        errhint("Available values: %s.", KnownEnvironments())));
    }
    return *preset;
}

void CheckFits(const core::PoolPreset& preset) {
    const int reserved = pg::SuperuserReservedConnections() + pg::ReservedConnections();
    const int left = MaxConnections - reserved;
    if (core::MostConnections(preset) <= left) {
        return;
    }
    ereport(ERROR,
            (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
             errmsg("pool_size %d + max_overflow %d = %d connections are more than the server has",
                    preset.pool_size, preset.max_overflow, core::MostConnections(preset)),
             pg::ReservedConnections() > 0
                 ? errdetail("max_connections %d - superuser_reserved_connections %d - "
                             "reserved_connections %d = %d.",
                             MaxConnections, pg::SuperuserReservedConnections(),
                             pg::ReservedConnections(), left)
                 : errdetail("max_connections %d - superuser_reserved_connections %d = %d.",
                             MaxConnections, pg::SuperuserReservedConnections(), left),
             errhint("Give a smaller pool_size and max_overflow, or raise max_connections.")));
}

}  // namespace

core::PoolPreset PresetArgument(FunctionCallInfo fcinfo, int environment, int numbers) {
    core::PoolPreset preset = PresetNamed(fcinfo, environment);
    int at = numbers;
    for (const core::PoolNumber& number : core::kPoolNumbers) {
        if (!PG_ARGISNULL(at)) {
            const int value = PG_GETARG_INT32(at);
            if (value < number.least || value > number.most) {
                ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                                errmsg("%s %d is outside the valid range (%d .. %d)", number.name,
                                       value, number.least, number.most)));
            }
            preset.*number.member = value;
        }
        ++at;
    }
    CheckFits(preset);
    return preset;
}

const char* NameArgument(FunctionCallInfo fcinfo, int at, const char* what) {
    if (PG_ARGISNULL(at)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s is null", what)));
    }
    return NameStr(*PG_GETARG_NAME(at));
}

}  // namespace elile::sql_functions

// pool_config(environment, client): a preset in the names and units of a client library's pool.
//
// A value is left out where the library has no argument for it. The library then does that always
// or never: HikariCP, pgx and Npgsql always try a connection themselves. Timeouts of 0 are left out
// too; then the server's hold.
#include "pg/json.hpp"
#include "sql_functions/common.hpp"
#include "sql_functions/pool_arguments.hpp"

namespace elile::sql_functions {
namespace {

using core::MostConnections;
using core::PoolPreset;
using pg::Json;

// Returns the preset's server settings in the form of libpq's and other drivers' "options"; null
// when there are none.
const char* ServerOptions(const PoolPreset& preset) {
    StringInfoData options;
    initStringInfo(&options);
    if (preset.statement_timeout_ms > 0) {
        appendStringInfo(&options, "-c statement_timeout=%d", preset.statement_timeout_ms);
    }
    if (preset.lock_timeout_ms > 0) {
        appendStringInfo(&options, "%s-c lock_timeout=%d", options.len > 0 ? " " : "",
                         preset.lock_timeout_ms);
    }
    return options.len > 0 ? options.data : nullptr;
}

// Adds {"options": "..."} under `key`, unless there is nothing to set.
void AddServerOptions(Json& json, const char* key, const PoolPreset& preset) {
    const char* options = ServerOptions(preset);
    if (options != nullptr) {
        Json inner = json.Object(key);
        inner.String("options", options);
        inner.End();
    }
}

// Adds the arguments of create_engine(); times are in seconds.
void SqlAlchemy(Json& json, const PoolPreset& preset) {
    json.Integer("pool_size", preset.pool_size);
    json.Integer("max_overflow", preset.max_overflow);
    json.Boolean("pool_pre_ping", preset.pool_pre_ping);
    json.Integer("pool_recycle", preset.pool_recycle_s);
    json.Integer("pool_timeout", preset.pool_timeout_s);
    json.Boolean("echo", preset.echo);
    json.Boolean("echo_pool", preset.echo_pool);
    AddServerOptions(json, "connect_args", preset);
}

// Adds the properties of HikariConfig; times are in milliseconds. HikariCP takes no shorter life
// than 30 s.
void HikariCp(Json& json, const PoolPreset& preset) {
    constexpr int kShortestLife = 30;
    if (preset.pool_recycle_s < kShortestLife) {
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("pool_recycle_seconds %d is less than HikariCP takes",
                               preset.pool_recycle_s),
                        errdetail("Its maxLifetime is at least %d s.", kShortestLife)));
    }
    json.Integer("maximumPoolSize", MostConnections(preset));
    json.Integer("minimumIdle", preset.pool_size);
    json.Integer("connectionTimeout", int64{preset.pool_timeout_s} * 1000);
    json.Integer("maxLifetime", int64{preset.pool_recycle_s} * 1000);
    AddServerOptions(json, "dataSourceProperties", preset);
}

// Adds the options of pg.Pool; times are in milliseconds but for the lifetime.
void NodePostgres(Json& json, const PoolPreset& preset) {
    json.Integer("max", MostConnections(preset));
    json.Integer("min", preset.pool_size);
    json.Integer("connectionTimeoutMillis", int64{preset.pool_timeout_s} * 1000);
    json.Integer("maxLifetimeSeconds", preset.pool_recycle_s);
    if (preset.statement_timeout_ms > 0) {
        json.Integer("statement_timeout", preset.statement_timeout_ms);
    }
    if (preset.lock_timeout_ms > 0) {
        json.Integer("lock_timeout", preset.lock_timeout_ms);
    }
}

// Adds the fields of pgxpool.Config. A time.Duration is in nanoseconds, and settings are strings.
// The context given to Acquire() decides how long that waits.
void Pgx(Json& json, const PoolPreset& preset) {
    json.Integer("MaxConns", MostConnections(preset));
    json.Integer("MinConns", preset.pool_size);
    json.Integer("MaxConnLifetime", int64{preset.pool_recycle_s} * 1000000000);
    if (ServerOptions(preset) == nullptr) {
        return;
    }
    Json connection = json.Object("ConnConfig");
    Json settings = connection.Object("RuntimeParams");
    if (preset.statement_timeout_ms > 0) {
        settings.String("statement_timeout", psprintf("%d", preset.statement_timeout_ms));
    }
    if (preset.lock_timeout_ms > 0) {
        settings.String("lock_timeout", psprintf("%d", preset.lock_timeout_ms));
    }
    settings.End();
    connection.End();
}

// Adds the keys of the connection string; times are in seconds. Without a command timeout of ours,
// Npgsql's own of 30 s would hold.
void Npgsql(Json& json, const PoolPreset& preset) {
    json.Integer("Maximum Pool Size", MostConnections(preset));
    json.Integer("Minimum Pool Size", preset.pool_size);
    json.Integer("Connection Lifetime", preset.pool_recycle_s);
    json.Integer("Timeout", preset.pool_timeout_s);
    json.Integer("Command Timeout", (int64{preset.statement_timeout_ms} + 999) / 1000);
    const char* options = ServerOptions(preset);
    if (options != nullptr) {
        json.String("Options", options);
    }
}

// Adds the keys of an entry of DATABASES; times are in seconds. Each thread has one connection, so
// there is no size.
void Django(Json& json, const PoolPreset& preset) {
    json.Integer("CONN_MAX_AGE", preset.pool_recycle_s);
    json.Boolean("CONN_HEALTH_CHECKS", preset.pool_pre_ping);
    AddServerOptions(json, "OPTIONS", preset);
}

struct Client {
    const char* name;
    void (*write)(Json& json, const PoolPreset& preset);
};

constexpr Client kClients[] = {{"sqlalchemy", SqlAlchemy},
                               {"hikaricp", HikariCp},
                               {"node-postgres", NodePostgres},
                               {"pgx", Pgx},
                               {"npgsql", Npgsql},
                               {"django", Django}};

const char* KnownClients() {
    StringInfoData names;
    initStringInfo(&names);
    for (const Client& client : kClients) {
        appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", client.name);
    }
    return names.data;
}

const Client& ClientArgument(FunctionCallInfo fcinfo, int at) {
    const char* name = PG_ARGISNULL(at) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(at));
    for (const Client& client : kClients) {
        if (name != nullptr && strcmp(name, client.name) == 0) {
            return client;
        }
    }
    ereport(ERROR, (errcode(name != nullptr ? ERRCODE_INVALID_PARAMETER_VALUE
                                            : ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    name != nullptr ? errmsg("unrecognized client \"%s\"", name)
                                    : errmsg("client is null"),
                    errhint("Available values: %s.", KnownClients())));
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_pool_config_of_client, kTakesNull, JSONBOID, TEXTOID, TEXTOID,
                   ELILE_POOL_NUMBERS) {
    const core::PoolPreset preset = PresetArgument(fcinfo, 0, 2);
    const Client& client = ClientArgument(fcinfo, 1);
    StringInfoData out;
    initStringInfo(&out);
    pg::Json json(&out);
    client.write(json, preset);
    json.End();
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

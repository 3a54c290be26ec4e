// pgbouncer_config(): a preset as a pgbouncer.ini.
#include "sql_functions/common.hpp"
#include "sql_functions/pool_arguments.hpp"

namespace elile::sql_functions {
namespace {

using core::MostConnections;
using core::PoolPreset;

// Returns the name by which clients of PgBouncer connect to the database. PgBouncer of Debian 12
// has no quoting for a database's name in its ini, whatever its manual says. So each character that
// it does not read becomes "_".
const char* AliasOf(const char* database) {
    char* alias = pstrdup(database);
    for (char* at = alias; *at != '\0'; ++at) {
        const char c = *at;
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        *at = is_plain ? c : '_';
    }
    // PgBouncer's own database has this name.
    return strcmp(alias, "pgbouncer") == 0 ? "pgbouncer_" : alias;
}

// Quotes a value of a connection string in the ini.
const char* Quoted(const char* value) {
    StringInfoData quoted;
    initStringInfo(&quoted);
    appendStringInfoChar(&quoted, '\'');
    for (const char* at = value; *at != '\0'; ++at) {
        appendStringInfoString(&quoted, *at == '\'' ? "'" : "");
        appendStringInfoChar(&quoted, *at);
    }
    appendStringInfoChar(&quoted, '\'');
    return quoted.data;
}

// Returns where this session reached the server: a Unix socket's directory or an address.
const char* Host() {
    char host[NI_MAXHOST] = "";
    char service[MAXPGPATH] = "";
    if (MyProcPort == nullptr ||
        pg_getnameinfo_all(&MyProcPort->laddr.addr, static_cast<int>(MyProcPort->laddr.salen), host,
                           sizeof(host), service, sizeof(service),
                           NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return "127.0.0.1";
    }
    if (MyProcPort->laddr.addr.ss_family != AF_UNIX) {
        return pstrdup(host);
    }
    char* slash = strrchr(service, '/');
    if (slash == nullptr) {
        return "127.0.0.1";
    }
    *slash = '\0';
    return service[0] == '/' ? pstrdup(service) : psprintf("%s/%s", DataDir, service);
}

void AppendDatabase(StringInfo ini, const PoolPreset& preset, const char* database) {
    const char* alias = AliasOf(database);
    appendStringInfo(ini,
                     "; PgBouncer for database %s, preset %s.\n"
                     "; A pool is one for each user of the database; with n PgBouncers a user's "
                     "connection limit is n times the size.\n\n[databases]\n",
                     database, preset.environment);
    if (strcmp(alias, database) != 0) {
        appendStringInfo(ini, "; PgBouncer does not read every name: clients connect to %s.\n",
                         alias);
    }
    appendStringInfo(ini, "%s = host=%s port=%d dbname=%s\n\n", alias, Quoted(Host()),
                     PostPortNumber, Quoted(database));
}

void AppendPool(StringInfo ini, const PoolPreset& preset) {
    appendStringInfo(ini,
                     "[pgbouncer]\n"
                     "listen_addr = 127.0.0.1\n"
                     "listen_port = 6432\n"
                     "; Who may log in is yours to say: auth_type, auth_file, auth_query.\n\n"
                     "; A client has a connection for one transaction. With state that outlives "
                     "it (prepared statements,\n"
                     "; SET, LISTEN, advisory locks) it needs session.\n"
                     "pool_mode = transaction\n"
                     "; pool_size\n"
                     "default_pool_size = %d\n"
                     "; max_overflow; a client waits 0.1 s before it gets one of these, since 0 "
                     "would be never\n"
                     "reserve_pool_size = %d\n"
                     "reserve_pool_timeout = 0.1\n"
                     "; pool_timeout_seconds\n"
                     "query_wait_timeout = %d\n"
                     "; pool_recycle_seconds\n"
                     "server_lifetime = %d\n",
                     preset.pool_size, preset.max_overflow, preset.pool_timeout_s,
                     preset.pool_recycle_s);
    appendStringInfoString(ini, preset.pool_pre_ping ? "; pool_pre_ping: on, before each use\n"
                                                       "server_check_query = select 1\n"
                                                       "server_check_delay = 0\n"
                                                     : "; pool_pre_ping: off\n"
                                                       "server_check_query =\n"
                                                       "server_check_delay = 30\n");
    appendStringInfo(ini,
                     "; echo_pool\n"
                     "log_connections = %d\n"
                     "log_disconnections = %d\n",
                     preset.echo_pool ? 1 : 0, preset.echo_pool ? 1 : 0);
}

void AppendClients(StringInfo ini, const PoolPreset& preset) {
    constexpr int kClientsPerConnection = 10;
    constexpr int kFewestClients = 100;
    appendStringInfo(ini,
                     "\n; Clients that are connected at once, most of them idle.\n"
                     "max_client_conn = %d\n"
                     "; The server sees each client's application_name as it is.\n"
                     "application_name_add_host = 0\n"
                     "; Sent by drivers as they connect. Timeouts are the role's, by "
                     "apply_preset().\n"
                     "ignore_startup_parameters = extra_float_digits, options, "
                     "statement_timeout, lock_timeout, "
                     "idle_in_transaction_session_timeout",
                     Max(kFewestClients, kClientsPerConnection * MostConnections(preset)));
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_pgbouncer_config, kTakesNull, TEXTOID, TEXTOID, NAMEOID,
                   ELILE_POOL_NUMBERS) {
    const core::PoolPreset preset = PresetArgument(fcinfo, 0, 2);
    const char* database = NameArgument(fcinfo, 1, "datname");
    get_database_oid(database, false);
    if (strpbrk(database, "\r\n") != nullptr) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
                        errmsg("an ini cannot hold a database name with a line break")));
    }
    StringInfoData ini;
    initStringInfo(&ini);
    AppendDatabase(&ini, preset, database);
    AppendPool(&ini, preset);
    AppendClients(&ini, preset);
    return CStringGetTextDatum(ini.data);
}

// Reads from the catalogue a role and the presets that it has.
#pragma once

#include "pg/postgres.hpp"

namespace elile::sql_functions {

// The role and the database that a preset is for.
struct Subject {
    const char* role;
    const char* database;
    Oid role_oid;
    Oid database_oid;
    int limit;  // of connections; -1 none
    bool can_login;
    bool is_superuser;
};

// Finds the role and the database by name. Raises undefined_object and undefined_database.
Subject FindSubject(const char* role, const char* database);

// A preset as apply_preset() has left it in the settings of a role in a database.
struct RolePreset {
    const char* database;
    const char* environment;
    int pool_size;
    int max_overflow;
    bool logs_all;  // log_min_duration_statement = 0, and the environment echoes
    Oid role_oid;
    Oid database_oid;
};

struct RolePresets {
    RolePreset* rows;  // palloc'd, of all databases
    int count;
    const RolePreset* here;  // the one in the subject's database, or null
};

RolePresets PresetsOf(const Subject& subject);
// Returns those of all roles, by one query; none is `here`.
RolePresets AllPresets();

// Returns which of the settings in `names`, separated by commas, the role has in the database. The
// result is a list in words; null when there is none.
const char* SettingsAmong(const Subject& subject, const char* names);

}  // namespace elile::sql_functions

// Frees the places of tables and databases that are gone.
#pragma once

#include "core/shared/table_directory.hpp"
#include "pg/postgres.hpp"

namespace elile::store {

// The schema under which the directory has temporary tables, by their names.
constexpr const char* kTemporarySchema = "pg_temp";

// Finds the table of this database, or adds it. Where the directory is full, places of tables of
// this database, and of databases, are freed that the catalogue no longer has. Looks for them that
// find nothing take a twentieth of the time at most.
uint32 InsertTable(const core::TableKey& key, const core::TableNames& names);
void MakeRoomForTables();

// Frees what is counted for databases that are gone, and corrects the names of those that got
// another one. The catalogue of databases is all that it asks.
void SettleDatabases();

}  // namespace elile::store

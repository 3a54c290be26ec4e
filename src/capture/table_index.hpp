// Finds a table's place in the segment's directory. A partition counts as its topmost parent, a
// temporary table under schema pg_temp, by its name.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// Looks names up in the catalogue when this session does not know the table, and corrects them in
// the directory when they changed.
uint32 TableIndexOf(Oid relid);
// Finds the place of a table that is known by name only.
uint32 TableIndexOf(const char* schema, const char* table);
// Finds the place of what works on no table.
uint32 NoTable();

// Corrects the names of tables of which this session has heard that they changed.
void SettleNames();

// These forget where the session has found a table, or all of them.
void ForgetTable(Oid relid);
void ForgetTables();

}  // namespace elile::capture

// Notes this session's database in the segment's directory of databases.
#pragma once

namespace elile::store {

// Notes the database with the name that the client connected by; once per process. It asks no
// catalogue, so a background worker leaves a name only where it passes one.
void NoteOwnDatabase(const char* name = nullptr);

}  // namespace elile::store

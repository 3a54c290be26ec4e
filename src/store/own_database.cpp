#include "store/own_database.hpp"

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "pg/postgres.hpp"
#include "store/shared_store.hpp"

namespace elile::store {

void NoteOwnDatabase(const char* name) {
    static bool noted = false;
    if (noted || !OidIsValid(MyDatabaseId)) {
        return;
    }
    noted = true;
    if (name == nullptr && MyProcPort != nullptr) {
        name = MyProcPort->database_name;
    }
    core::TableNames names = {};
    if (name != nullptr) {
        strlcpy(names.table, name, sizeof(names.table));
    }
    core::TableDirectory& databases = SharedSegment()->databases;
    const auto encoding = static_cast<uint32>(GetDatabaseEncoding());
    const uint32 index = databases.Insert({MyDatabaseId, InvalidOid, 0}, names, encoding);
    core::TableNames stored;
    uint32 stored_encoding = 0;
    if (name != nullptr && index != core::kOtherTables &&
        databases.Read(index, &stored, &stored_encoding) &&
        memcmp(&stored, &names, sizeof(names)) != 0) {
        databases.Rename(index, names, encoding);
    }
}

}  // namespace elile::store

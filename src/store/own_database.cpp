#include "store/own_database.hpp"

#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "pg/postgres.hpp"
#include "store/places.hpp"
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
    const core::TableKey key{MyDatabaseId, InvalidOid, 0};
    if (databases.IsFull() && databases.Find(key) == core::kNoIndex && IsTransactionState() &&
        !IsAbortedTransactionBlockState()) {
        SettleDatabases();
    }
    const uint32 index = databases.Insert(key, names, encoding);
    core::TableNames stored;
    uint32 stored_encoding = 0;
    databases.Read(index, &stored, &stored_encoding);
    if (name != nullptr && index != core::kOtherTables &&
        memcmp(&stored, &names, sizeof(names)) != 0) {
        databases.Rename(index, names, encoding);
    }
}

}  // namespace elile::store

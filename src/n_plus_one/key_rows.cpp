#include "n_plus_one/key_rows.hpp"

namespace elile::n_plus_one {
namespace {

struct Order {
    const TypeCacheEntry* types[KeySet::kMost];
    int count;
};

// Compares values as their type does, so that 1.5 and 1.50 are one key. Where the type has no
// order, it compares their texts.
int Compare(const void* a, const void* b, void* context) {
    const auto& order = *static_cast<const Order*>(context);
    const auto& left = *static_cast<const KeyRow*>(a);
    const auto& right = *static_cast<const KeyRow*>(b);
    for (int at = 0; at < order.count; ++at) {
        const TypeCacheEntry* type = order.types[at];
        const int result = OidIsValid(type->cmp_proc)
                               ? DatumGetInt32(FunctionCall2Coll(
                                     const_cast<FmgrInfo*>(&type->cmp_proc_finfo),
                                     type->typcollation, left.values[at], right.values[at]))
                               : strcmp(left.texts[at], right.texts[at]);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

// Returns false when a key is null.
bool Read(const KeySet& keys, const char* const* texts, KeyRow* row) {
    auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(keys.count)));
    for (int at = 0; at < keys.count; ++at) {
        if (texts[at] == nullptr) {
            return false;
        }
        values[at] = ValueOf(texts[at], keys.of[at].type);
    }
    *row = {texts, values, 1};
    return true;
}

}  // namespace

Datum ValueOf(const char* text, Oid type) {
    Oid input = InvalidOid;
    Oid element = InvalidOid;
    getTypeInputInfo(type, &input, &element);
    return OidInputFunctionCall(input, const_cast<char*>(text), element, -1);
}

KeyRows MakeKeyRows(const KeySet& keys, const List* rows) {
    KeyRows made = {
        static_cast<KeyRow*>(palloc(sizeof(KeyRow) * static_cast<Size>(Max(list_length(rows), 1)))),
        0, 0};
    int count = 0;
    ListCell* cell = nullptr;
    foreach (cell, rows) {
        if (Read(keys, static_cast<const char* const*>(lfirst(cell)), &made.of[count])) {
            ++count;
        } else {
            ++made.without_key;
        }
    }
    Order order = {{}, keys.count};
    for (int at = 0; at < keys.count; ++at) {
        order.types[at] = lookup_type_cache(keys.of[at].type, TYPECACHE_CMP_PROC_FINFO);
    }
    qsort_arg(made.of, static_cast<size_t>(count), sizeof(KeyRow), Compare, &order);
    for (int at = 0; at < count; ++at) {
        KeyRow* last = made.of + made.count - 1;
        if (made.count > 0 && Compare(last, &made.of[at], &order) == 0) {
            ++last->copies;
        } else {
            made.of[made.count++] = made.of[at];
        }
    }
    return made;
}

}  // namespace elile::n_plus_one

#include "indexes/shape_reader.hpp"

#include <algorithm>

#include "indexes/predicate.hpp"
#include "indexes/storage_options.hpp"

namespace elile::indexes {
namespace {

core::IndexMethod MethodOf(Oid access_method) {
    switch (access_method) {
        case BTREE_AM_OID:
            return core::IndexMethod::kBtree;
        case GIN_AM_OID:
            return core::IndexMethod::kGin;
        default:
            return core::IndexMethod::kOther;
    }
}

// What pg_class says of an index.
struct ClassRow {
    Oid access_method;  // InvalidOid: the index has gone
    const char* options;
};

ClassRow ClassRowOf(Oid index) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple)) {
        return {InvalidOid, ""};
    }
    const Oid access_method = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relam;
    bool is_null = false;
    const Datum options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &is_null);
    const ClassRow row = {access_method, is_null ? "" : ServedOptions(access_method, options)};
    ReleaseSysCache(tuple);
    return row;
}

// A row of pg_index with its columns of variable length. An absent column reads as null.
class IndexRow {
public:
    IndexRow(HeapTuple tuple, TupleDesc descriptor) : tuple_(tuple), descriptor_(descriptor) {}

    FormData_pg_index& Fixed() const { return *reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple_)); }
    const Oid* Oids(int column) const {
        return reinterpret_cast<oidvector*>(DatumGetPointer(Column(column)))->values;
    }
    int16 Options(int key) const {
        return reinterpret_cast<int2vector*>(DatumGetPointer(Column(Anum_pg_index_indoption)))
            ->values[key];
    }
    char* Text(int column) const {
        const Datum value = Column(column);
        return value != 0 ? TextDatumGetCString(value) : nullptr;
    }

private:
    Datum Column(int column) const {
        bool is_null = false;
        const Datum value = heap_getattr(tuple_, column, descriptor_, &is_null);
        return is_null ? Datum{0} : value;
    }

    HeapTuple tuple_;
    TupleDesc descriptor_;
};

// Returns the options of a key's operator class, empty where it was given none.
const char* OptionsOf(Oid index, int key) {
    HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(index),
                                      Int16GetDatum(static_cast<int16>(key + 1)));
    if (!HeapTupleIsValid(tuple)) {
        return "";
    }
    bool is_null = false;
    const Datum options = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attoptions, &is_null);
    const char* text = is_null ? "" : OidOutputFunctionCall(F_ARRAY_OUT, options);
    ReleaseSysCache(tuple);
    return text;
}

core::KeyColumn KeyOf(const IndexRow& row, int key, ListCell** next_expression) {
    core::KeyColumn column = {};
    column.attribute = row.Fixed().indkey.values[key];
    const char* options = OptionsOf(row.Fixed().indexrelid, key);
    column.text = options;
    if (column.attribute == 0 && *next_expression != nullptr) {
        column.text = psprintf("%s %s", nodeToString(lfirst(*next_expression)), options);
        ++*next_expression;
    }
    const Oid operator_class = row.Oids(Anum_pg_index_indclass)[key];
    if (!get_opclass_opfamily_and_input_type(operator_class, &column.operator_family,
                                             &column.operator_type)) {
        column.operator_family = operator_class;
    }
    column.collation = row.Oids(Anum_pg_index_indcollation)[key];
    column.descending = (row.Options(key) & INDOPTION_DESC) != 0;
    column.nulls_first = (row.Options(key) & INDOPTION_NULLS_FIRST) != 0;
    return column;
}

const core::KeyColumn* KeysOf(const IndexRow& row) {
    const auto count = static_cast<size_t>(row.Fixed().indnkeyatts);
    auto* keys = static_cast<core::KeyColumn*>(palloc(sizeof(core::KeyColumn) * count));
    const char* text = row.Text(Anum_pg_index_indexprs);
    const List* expressions = text != nullptr ? static_cast<List*>(stringToNode(text)) : NIL;
    ListCell* next_expression = list_head(expressions);
    for (size_t key = 0; key < count; ++key) {
        keys[key] = KeyOf(row, static_cast<int>(key), &next_expression);
    }
    return keys;
}

const int* IncludedIn(const FormData_pg_index& fixed) {
    const int count = fixed.indnatts - fixed.indnkeyatts;
    auto* included = static_cast<int*>(palloc(sizeof(int) * static_cast<size_t>(count + 1)));
    for (int at = 0; at < count; ++at) {
        included[at] = fixed.indkey.values[fixed.indnkeyatts + at];
    }
    return included;
}

core::IndexShape ShapeOf(const IndexRow& row, const ClassRow& of_class) {
    const FormData_pg_index& fixed = row.Fixed();
    core::IndexShape shape = {};
    shape.method = MethodOf(of_class.access_method);
    shape.method_id = of_class.access_method;
    shape.options = of_class.options;
    shape.keys = KeysOf(row);
    shape.key_count = static_cast<size_t>(fixed.indnkeyatts);
    shape.included = IncludedIn(fixed);
    shape.included_count = static_cast<size_t>(fixed.indnatts - fixed.indnkeyatts);
    const char* predicate = row.Text(Anum_pg_index_indpred);
    shape.predicate = predicate != nullptr ? ReadPredicate(predicate) : core::IndexPredicate{};
    shape.is_unique = fixed.indisunique && fixed.indimmediate;
    shape.is_valid = fixed.indisvalid && fixed.indisready && fixed.indislive;
    return shape;
}

int CompareOids(const void* left, const void* right) {
    const Oid a = static_cast<const FoundIndex*>(left)->oid;
    const Oid b = static_cast<const FoundIndex*>(right)->oid;
    return a < b ? -1 : static_cast<int>(a > b);
}

core::KeyColumn WantedKey(const core::SetColumn& wanted, Oid relid, Oid access_method) {
    core::KeyColumn key = {};
    const AttrNumber number = get_attnum(relid, wanted.name);
    Oid type = InvalidOid;
    int32 modifier = -1;
    key.attribute = number;
    get_atttypetypmodcoll(relid, number, &type, &modifier, &key.collation);
    if (!get_opclass_opfamily_and_input_type(GetDefaultOpClass(type, access_method),
                                             &key.operator_family, &key.operator_type)) {
        key.operator_family = InvalidOid;
    }
    key.descending = wanted.descending;
    key.nulls_first = wanted.descending;
    return key;
}

core::IndexPredicate WantedPredicate(const core::SetPredicate& wanted, Oid relid) {
    if (wanted.kind == core::PredicateKind::kNone) {
        return {};
    }
    const size_t count = wanted.Strings();
    auto* strings = static_cast<std::string_view*>(palloc(sizeof(std::string_view) * (count + 1)));
    std::copy(wanted.strings, wanted.strings + count, strings);
    return {wanted.kind, get_attnum(relid, wanted.column.name), wanted.bound,
            strings,     core::SortStrings(strings, count),     {}};
}

}  // namespace

core::IndexShape ShapeOnRelation(const core::SetIndex& index, Oid relid) {
    const Oid access_method = index.method == core::IndexMethod::kGin ? GIN_AM_OID : BTREE_AM_OID;
    const size_t count = index.Columns();
    auto* keys = static_cast<core::KeyColumn*>(palloc(sizeof(core::KeyColumn) * count));
    for (size_t key = 0; key < count; ++key) {
        keys[key] = WantedKey(index.columns[key], relid, access_method);
    }
    core::IndexShape shape = {};
    shape.method = index.method;
    shape.method_id = access_method;
    shape.keys = keys;
    shape.key_count = count;
    shape.predicate = WantedPredicate(index.predicate, relid);
    shape.is_valid = true;
    return shape;
}

FoundIndexes IndexesOf(Oid relid) {
    Relation catalog = table_open(IndexRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(relid));
    SysScanDesc scan = systable_beginscan(catalog, IndexIndrelidIndexId, true, nullptr, 1, &key);
    FoundIndexes found = {nullptr, 0};
    int room = 0;
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        const IndexRow row(tuple, RelationGetDescr(catalog));
        const FormData_pg_index& fixed = row.Fixed();
        const ClassRow of_class = ClassRowOf(fixed.indexrelid);
        if (!OidIsValid(of_class.access_method)) {
            continue;
        }
        if (found.count == room) {
            room = 2 * room + 8;
            const size_t bytes = sizeof(FoundIndex) * static_cast<size_t>(room);
            found.index = static_cast<FoundIndex*>(
                found.index == nullptr ? palloc(bytes) : repalloc(found.index, bytes));
        }
        found.index[found.count++] = {fixed.indexrelid,
                                      ShapeOf(row, of_class),
                                      fixed.indisprimary,
                                      fixed.indisclustered,
                                      fixed.indisreplident,
                                      fixed.indisexclusion || fixed.indnullsnotdistinct ||
                                          (fixed.indisunique && !fixed.indimmediate)};
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    qsort(found.index, static_cast<size_t>(found.count), sizeof(FoundIndex), CompareOids);
    return found;
}

}  // namespace elile::indexes

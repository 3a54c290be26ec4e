#include "indexes/storage_options.hpp"

#include <string_view>

namespace elile::indexes {
namespace {

// Options of these say how an index is filled, written and kept small, and nothing of what it
// finds.
bool OptionsAreStorageOnly(Oid access_method) {
    switch (access_method) {
        case BTREE_AM_OID:
        case HASH_AM_OID:
        case GIST_AM_OID:
        case SPGIST_AM_OID:
        case GIN_AM_OID:
            return true;
        default:
            return false;
    }
}

// Whether a bloom index without this option would be the same one.
bool IsBloomDefault(std::string_view option) {
    return option == "length=80" || (option.starts_with("col") && option.ends_with("=2"));
}

bool Counts(Oid access_method, bool is_bloom, std::string_view option) {
    if (access_method == BRIN_AM_OID) {
        return option.starts_with("pages_per_range=") && option != "pages_per_range=128";
    }
    return !option.starts_with("fillfactor=") && !(is_bloom && IsBloomDefault(option));
}

bool IsBloom(Oid access_method) {
    const char* name = get_am_name(access_method);
    return name != nullptr && strcmp(name, "bloom") == 0;
}

int CompareTexts(const void* left, const void* right) {
    return strcmp(*static_cast<char* const*>(left), *static_cast<char* const*>(right));
}

}  // namespace

const char* ServedOptions(Oid access_method, Datum options) {
    if (OptionsAreStorageOnly(access_method)) {
        return "";
    }
    const bool is_bloom = IsBloom(access_method);
    Datum* elements = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(options), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      nullptr, &count);
    auto** counted = static_cast<char**>(palloc(sizeof(char*) * (static_cast<size_t>(count) + 1)));
    size_t kept = 0;
    for (int at = 0; at < count; ++at) {
        char* option = TextDatumGetCString(elements[at]);
        if (Counts(access_method, is_bloom, option)) {
            counted[kept++] = option;
        }
    }
    qsort(counted, kept, sizeof(char*), CompareTexts);
    StringInfoData text;
    initStringInfo(&text);
    for (size_t at = 0; at < kept; ++at) {
        appendStringInfo(&text, "%s,", counted[at]);
    }
    return text.data;
}

}  // namespace elile::indexes

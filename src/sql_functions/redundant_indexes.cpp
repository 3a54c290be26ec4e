// elile_optimize.redundant_indexes.
#include "indexes/redundant.hpp"
#include "indexes/usage.hpp"
#include "pg/row_writer.hpp"
#include "sql_functions/common.hpp"

namespace elile::sql_functions {
namespace {

const char* KindName(core::Redundancy reason) {
    switch (reason) {
        case core::Redundancy::kDuplicate:
            return "duplicate";
        case core::Redundancy::kPrefix:
            return "prefix";
        default:
            return "unused";
    }
}

const char* Explanation(const indexes::RedundantIndex& redundant, const char* kept) {
    const char* backwards = redundant.is_backwards ? ", read backwards" : "";
    switch (redundant.reason) {
        case core::Redundancy::kDuplicate:
            return psprintf("%s has the same definition%s; each write keeps both up to date",
                            quote_identifier(kept), backwards);
        case core::Redundancy::kPrefix:
            return psprintf("%s has its columns and more, and finds what it finds%s",
                            quote_identifier(kept), backwards);
        default:
            return psprintf("not scanned for %s on this server; standbys count for themselves",
                            indexes::InDays(redundant.idle_days));
    }
}

}  // namespace
}  // namespace elile::sql_functions

using namespace elile;
using namespace elile::sql_functions;

ELILE_SQL_FUNCTION(elile_redundant_indexes, kStrict, RECORDOID) {
    pg::RowWriter row(fcinfo);
    ListCell* cell = nullptr;
    foreach (cell, indexes::RedundantIndexes()) {
        const auto& redundant = *static_cast<const indexes::RedundantIndex*>(lfirst(cell));
        const char* table = get_rel_name(redundant.table);
        const char* index = get_rel_name(redundant.index);
        const char* kept = OidIsValid(redundant.kept) ? get_rel_name(redundant.kept) : nullptr;
        if (table == nullptr || index == nullptr ||
            (OidIsValid(redundant.kept) && kept == nullptr)) {
            continue;  // dropped meanwhile
        }
        row.Text(get_namespace_name(get_rel_namespace(redundant.table)));
        row.Text(table);
        row.Text(index);
        row.Text(kept);
        row.Text(KindName(redundant.reason));
        row.BigintOrNull(redundant.bytes >= 0, static_cast<uint64>(redundant.bytes));
        row.Text(Explanation(redundant, kept));
        row.EndRow();
    }
    return Datum{0};
}

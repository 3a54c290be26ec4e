#include "pg/row_writer.hpp"

namespace elile::pg {

TupleDesc SingleRow::ColumnsOf(FunctionCallInfo call) {
    TupleDesc columns = nullptr;
    if (get_call_result_type(call, nullptr, &columns) != TYPEFUNC_COMPOSITE) {
        RaiseOtherVersion(Described(call), "It does not return a row.");
    }
    return BlessTupleDesc(columns);
}

void ColumnWriter::RefuseName() const {
    RaiseOtherVersion(
        Described(call_),
        psprintf("It has a column \"%s\", which the library does not know.", NextName()));
}

void ColumnWriter::Refuse(Oid type) const {
    if (at_ == kMostColumns && at_ < columns_->natts) {
        elog(ERROR, "%s writes more than %d columns", Described(call_), kMostColumns);
    }
    if (at_ < columns_->natts && !OidIsValid(type)) {
        RefuseCount(at_);
    }
    RaiseOtherVersion(
        Described(call_),
        at_ >= columns_->natts
            ? psprintf("It has %d columns, and the library writes more.", columns_->natts)
            : psprintf("Its column %d is %s, and the library writes %s.", at_ + 1,
                       format_type_be(TupleDescAttr(columns_, at_)->atttypid),
                       format_type_be(type)));
}

void ColumnWriter::RefuseCount(int written) const {
    RaiseOtherVersion(Described(call_), psprintf("It has %d columns, and the library writes %d.",
                                                 columns_->natts, written));
}

}  // namespace elile::pg

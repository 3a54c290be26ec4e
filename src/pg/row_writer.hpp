// Rows of a set-returning function, written column by column in the order of its SQL declaration.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// A plain value: PostgreSQL's errors may jump over it. Nothing in it needs destruction.
class RowWriter {
public:
    explicit RowWriter(FunctionCallInfo call)
        : result_(reinterpret_cast<ReturnSetInfo*>(call->resultinfo)) {
        InitMaterializedSRF(call, 0);
    }

    void Null() {
        nulls_[column_] = true;
        values_[column_++] = 0;
    }
    void Value(Datum value) {
        nulls_[column_] = false;
        values_[column_++] = value;
    }
    void Bigint(uint64 value) { Value(Int64GetDatum(static_cast<int64>(value))); }
    void Integer(int32 value) { Value(Int32GetDatum(value)); }
    void Double(double value) { Value(Float8GetDatum(value)); }
    void Boolean(bool value) { Value(BoolGetDatum(value)); }
    void ObjectId(Oid value) { Value(ObjectIdGetDatum(value)); }
    void Time(int64 value) { Value(TimestampTzGetDatum(value)); }
    void Milliseconds(double nanoseconds) { Double(nanoseconds / 1e6); }
    void Text(const char* value) { value != nullptr ? Value(CStringGetTextDatum(value)) : Null(); }

    // Ends the row. The function and this class must agree on the number of columns.
    void EndRow() {
        if (column_ != result_->setDesc->natts) {
            elog(ERROR, "wrote %d of %d columns", column_, result_->setDesc->natts);
        }
        tuplestore_putvalues(result_->setResult, result_->setDesc, values_, nulls_);
        column_ = 0;
    }

private:
    static constexpr int kMostColumns = 80;
    ReturnSetInfo* result_;
    Datum values_[kMostColumns];
    bool nulls_[kMostColumns];
    int column_ = 0;
};

}  // namespace elile::pg

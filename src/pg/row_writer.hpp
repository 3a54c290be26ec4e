// Writes the rows that a function returns, column by column in the order of its SQL declaration.
//
// The declaration may be of another version than the library. A column that is declared otherwise
// is an error, before a value is taken for one of another type.
#pragma once

#include "pg/own_version.hpp"
#include "pg/postgres.hpp"

namespace elile::pg {

// Writes the columns of one row. It is a plain value, so PostgreSQL's errors may jump over it.
class ColumnWriter {
    static constexpr int kMostColumns = 80;

public:
    ColumnWriter(FunctionCallInfo call, TupleDesc columns)
        : call_(call), columns_(columns), count_(Min(columns->natts, kMostColumns)) {}

    void Null() {
        if (at_ >= count_) [[unlikely]] {
            Refuse(InvalidOid);
        }
        nulls_[at_] = true;
        values_[at_++] = 0;
    }
    void Value(Oid type, Datum value) {
        if (at_ >= count_ || TupleDescAttr(columns_, at_)->atttypid != type) [[unlikely]] {
            Refuse(type);
        }
        nulls_[at_] = false;
        values_[at_++] = value;
    }
    void Bigint(uint64 value) { Value(INT8OID, Int64GetDatum(static_cast<int64>(value))); }
    void Integer(int32 value) { Value(INT4OID, Int32GetDatum(value)); }
    void Double(double value) { Value(FLOAT8OID, Float8GetDatum(value)); }
    void Boolean(bool value) { Value(BOOLOID, BoolGetDatum(value)); }
    void ObjectId(Oid value) { Value(OIDOID, ObjectIdGetDatum(value)); }
    void Time(int64 value) { Value(TIMESTAMPTZOID, TimestampTzGetDatum(value)); }
    void Milliseconds(double nanoseconds) { Double(nanoseconds / 1e6); }
    // Returns the name of the column that is written next; null after the last one.
    const char* NextName() const {
        return at_ < count_ ? NameStr(TupleDescAttr(columns_, at_)->attname) : nullptr;
    }
    // Raises an error unless so many columns are declared, for a caller who writes by name.
    void RequireColumns(int columns) const {
        if (columns_->natts != columns) [[unlikely]] {
            RefuseCount(columns);
        }
    }
    // Raises the error for a column whose name the library does not know.
    [[noreturn]] void RefuseName() const;
    void Text(const char* value) {
        value != nullptr ? Value(TEXTOID, CStringGetTextDatum(value)) : Null();
    }

    // These write null where there is no value.
    void BigintOrNull(bool has_value, uint64 value) { has_value ? Bigint(value) : Null(); }
    void DoubleOrNull(bool has_value, double value) { has_value ? Double(value) : Null(); }
    void ObjectIdOrNull(Oid value) { OidIsValid(value) ? ObjectId(value) : Null(); }
    void TimeOrNull(bool has_value, int64 value) { has_value ? Time(value) : Null(); }
    void Nulls(int columns) {
        for (; columns > 0; --columns) {
            Null();
        }
    }

protected:
    void RequireWhole() {
        if (at_ != columns_->natts) [[unlikely]] {
            Refuse(InvalidOid);
        }
        at_ = 0;
    }

    FunctionCallInfo call_;
    TupleDesc columns_;
    int count_;
    int at_ = 0;
    Datum values_[kMostColumns];
    bool nulls_[kMostColumns];

private:
    // `type` is what would be written next; InvalidOid stands for anything, or the row's end. A row
    // wider than kMostColumns is the library's own mistake.
    [[noreturn]] void Refuse(Oid type) const;
    [[noreturn]] void RefuseCount(int written) const;
};

// Writes the rows of a set-returning function.
class RowWriter : public ColumnWriter {
public:
    explicit RowWriter(FunctionCallInfo call) : ColumnWriter(call, Materialize(call)) {}

    void EndRow() {
        RequireWhole();
        auto* result = reinterpret_cast<ReturnSetInfo*>(call_->resultinfo);
        tuplestore_putvalues(result->setResult, columns_, values_, nulls_);
    }

    // Calls `write(at)` for each number below `count`, in memory that is free again after each
    // call. A call may write a row, or none.
    template <typename Write>
    void ForEach(uint64 count, Write write) {
        MemoryContext caller = CurrentMemoryContext;
        MemoryContext rows =
            AllocSetContextCreate(caller, "elile_optimize row", ALLOCSET_DEFAULT_SIZES);
        for (uint64 at = 0; at < count; ++at) {
            CHECK_FOR_INTERRUPTS();
            MemoryContextSwitchTo(rows);
            write(at);
            MemoryContextSwitchTo(caller);
            MemoryContextReset(rows);
        }
        MemoryContextDelete(rows);
    }

private:
    static TupleDesc Materialize(FunctionCallInfo call) {
        InitMaterializedSRF(call, 0);
        return reinterpret_cast<ReturnSetInfo*>(call->resultinfo)->setDesc;
    }
};

// Writes the row of a function that returns one row.
class SingleRow : public ColumnWriter {
public:
    explicit SingleRow(FunctionCallInfo call) : ColumnWriter(call, ColumnsOf(call)) {}

    Datum End() {
        RequireWhole();
        return HeapTupleGetDatum(heap_form_tuple(columns_, values_, nulls_));
    }

private:
    static TupleDesc ColumnsOf(FunctionCallInfo call);
};

}  // namespace elile::pg

// The journal of background builds, index_build_journal: who reads and writes it.
//
// Its rows are its owner's, whoever asks: these functions act as the owner for their own
// statements. All of them want a transaction, and raise an error when the table is not to be
// trusted.
#pragma once

#include <initializer_list>

#include "pg/postgres.hpp"

namespace elile::indexes {

struct Argument {
    Oid type;
    Datum value;
    bool is_null = false;
};

inline Argument Bigint(int64 value) { return {INT8OID, Int64GetDatum(value)}; }
inline Argument Integer(int value) { return {INT4OID, Int32GetDatum(value)}; }
inline Argument ObjectId(Oid value) { return {OIDOID, ObjectIdGetDatum(value)}; }
inline Argument Boolean(bool value) { return {BOOLOID, BoolGetDatum(value)}; }
inline Argument Double(double value) { return {FLOAT8OID, Float8GetDatum(value)}; }
inline Argument NameArgument(const NameData& value) { return {NAMEOID, NameGetDatum(&value)}; }
inline Argument Text(const char* value) {
    return value != nullptr ? Argument{TEXTOID, CStringGetTextDatum(value)}
                            : Argument{TEXTOID, 0, true};
}

using RowVisitor = void (*)(HeapTuple row, TupleDesc columns, void* context);

// Runs a statement in which @journal stands for the table, as the table's owner and with a snapshot
// of its own; returns the rows it touched. It has at most eight arguments. `visit` sees each row
// that it gives, as the caller and in the caller's memory context.
uint64 RunOnJournal(const char* sql, std::initializer_list<Argument> arguments,
                    RowVisitor visit = nullptr, void* context = nullptr);

template <typename Visit>
uint64 ForEachRow(const char* sql, std::initializer_list<Argument> arguments, Visit visit) {
    return RunOnJournal(
        sql, arguments,
        [](HeapTuple row, TupleDesc columns, void* context) {
            (*static_cast<Visit*>(context))(row, columns);
        },
        &visit);
}

// A row of the journal that is queued or being built.
struct Build {
    int64 id;
    NameData name;
    NameData schema;
    NameData table;
    Oid table_oid;
    Oid userid;
    Oid index_oid;  // what was begun and not finished
    int attempts;
    bool is_building;
    bool cancel;
};

inline constexpr const char* kBuildColumns =
    "id, name, schema_name, table_name, table_oid, userid, index_oid, attempts,"
    " state = 'building', cancel";
// Of a row whose first columns are kBuildColumns.
Build BuildFrom(HeapTuple row, TupleDesc columns);

// Whether the extension is in this database, with a journal that may be trusted.
bool HasJournal();

// False when there is no such row.
bool LoadBuild(int64 id, Build* build);

// What the build does or waits for, for people; written only when it is something else.
void SetPhase(int64 id, const char* phase);

// The build is at work: one more attempt.
void Claim(int64 id);
// It could not begin after all, and waits.
void Unclaim(int64 id, const char* phase, int delay_s);

// The index that the build has begun; InvalidOid: it has none unfinished any more. False when the
// build is wanted no longer.
bool NoteIndex(int64 id, Oid index_oid);

void Finish(int64 id);
// After an attempt that has left no index: cancelled where that is wanted, failed where
// `may_retry` is false or the attempts are used up, else queued again. `error` may be null: as
// before.
void Settle(int64 id, const char* error, bool may_retry);

// What has begun is ended by its builder, the rest here. Whether it has a builder. Nothing when it
// has ended.
bool Cancel(int64 id);

// Forgets all but the last that ended.
void TrimJournal();

}  // namespace elile::indexes

// Reads and writes the journal of background builds, index_build_journal.
//
// The journal's rows belong to its owner, whoever calls: these functions act as the owner for their
// own statements. All of them need a transaction, and raise an error when the table is not to be
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
// of its own. Returns how many rows it touched. It has at most eight arguments. `visit` sees each
// row that the statement returns, as the caller and in the caller's memory context.
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
    Oid index_oid;  // begun and not finished; InvalidOid: none
    int attempts;
    bool is_building;
    bool cancel;
};

inline constexpr const char* kBuildColumns =
    "id, name, schema_name, table_name, table_oid, userid, index_oid, attempts,"
    " state = 'building', cancel";
// Reads a row whose first columns are kBuildColumns.
Build BuildFrom(HeapTuple row, TupleDesc columns);

// Whether this database has the extension, with a journal that may be trusted.
bool HasJournal();

// Returns false when there is no such row.
bool LoadBuild(int64 id, Build* build);

// Notes what the build does or waits for, in words for people. It writes only when the words
// differ.
void SetPhase(int64 id, const char* phase);

// Marks the build as at work and counts one more attempt.
void Claim(int64 id);
// Takes a claim back: the build could not begin after all, and waits for delay_s.
void Unclaim(int64 id, const char* phase, int delay_s);

// Notes the index that the build has begun; InvalidOid when none is unfinished any more. Returns
// false when the build is wanted no longer.
bool NoteIndex(int64 id, Oid index_oid);

void Finish(int64 id);
// Settles an attempt that has left no index. The build is cancelled where that is wanted. It has
// failed where `may_retry` is false or the attempts are used up. Else it is queued again. A null
// `error` leaves the former one.
void Settle(int64 id, const char* error, bool may_retry);

// Cancels a build that has not ended. One that is at work is only marked, for its builder to end
// it. Returns whether it is at work.
bool Cancel(int64 id);

// Deletes all ended builds but the last thousand.
void TrimJournal();

}  // namespace elile::indexes

#include "core/saved/failure_records.hpp"

#include <array>

#include "core/failures/table.hpp"
#include "core/saved/names.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"

namespace elile::core {
namespace {

constexpr auto kLastPhase = static_cast<std::uint32_t>(kPhaseNames.size() - 1);

// The series of a database that has no place, and of none, have numbers of their own.
enum class Owner : std::uint32_t { kDatabase, kOther, kNone };

void WriteErrorCount(ByteWriter& out, const ErrorCount& error) noexcept {
    out.Number(static_cast<std::uint64_t>(error.phase));
    out.Number(error.sqlstate);
    out.Number(error.count);
    out.Number(error.origin);
}

void ReadErrorCount(ByteReader& in, ErrorCount& error) noexcept {
    error.phase = static_cast<Phase>(in.NumberUpTo(kLastPhase));
    error.sqlstate = in.NumberUpTo(UINT32_MAX);
    error.count = in.Number();
    error.origin = in.Number();
}

}  // namespace

void WriteFailure(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept {
    FailureCopy copy;
    if (!segment.failures.Read(place, &copy)) {
        return;
    }
    const FailureKey& key = copy.key;
    const FailureDetails& details = copy.details;
    const std::uint32_t table = details.table_plus_one - 1;
    const bool has_table = details.table_plus_one != 0 && segment.tables.IsCurrent(table);
    out.Fixed(key.queryid);
    out.Number(key.database);
    out.Number(key.user);
    out.Number(key.sqlstate);
    out.Number(static_cast<std::uint64_t>(key.phase));
    WriteName(out, key.application);
    WriteName(out, key.given_database);
    WriteName(out, key.given_user);
    out.Number(copy.count);
    out.Number(copy.first_us);
    out.Number(copy.last_us);
    out.Number(has_table ? 1 : 0);
    if (has_table) {
        WriteKey(out, segment.tables.KeyOf(table));
    }
    out.Number(details.encoding);
    WriteName(out, details.message);
    WriteName(out, details.schema);
    WriteName(out, details.table_name);
    WriteName(out, details.column);
    WriteName(out, details.constraint);
}

void RestoreFailure(Segment& segment, ByteReader& in) noexcept {
    FailureCopy copy{};
    FailureKey& key = copy.key;
    FailureDetails& details = copy.details;
    key.queryid = in.Fixed();
    key.database = in.NumberUpTo(UINT32_MAX);
    key.user = in.NumberUpTo(UINT32_MAX);
    key.sqlstate = in.NumberUpTo(UINT32_MAX);
    key.phase = static_cast<Phase>(in.NumberUpTo(kLastPhase));
    ReadName(in, key.application);
    ReadName(in, key.given_database);
    ReadName(in, key.given_user);
    copy.count = in.Number();
    copy.first_us = in.Number();
    copy.last_us = in.Number();
    if (in.NumberUpTo(1) != 0) {
        const std::uint32_t table = segment.tables.Find(ReadKey(in));
        details.table_plus_one = table != kNoIndex ? table + 1 : 0;
    }
    details.encoding = in.NumberUpTo(UINT32_MAX);
    ReadName(in, details.message);
    ReadName(in, details.schema);
    ReadName(in, details.table_name);
    ReadName(in, details.column);
    ReadName(in, details.constraint);
    if (in.IsSound()) {
        segment.failures.Restore(copy);
    }
}

void WriteErrors(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept {
    const Failures& failures = segment.failures;
    std::uint64_t counted = failures.Outside(place);
    std::uint32_t pairs = 0;
    for (std::uint32_t pair = 0; pair <= kErrorPairs; ++pair) {
        const ErrorCount error = failures.ReadSeries(place, pair);
        counted += error.count;
        pairs += pair < kErrorPairs && error.count != 0 ? 1 : 0;
    }
    const bool has_database = place != 0 && place != kNoErrorDatabase;
    if (counted == 0 || (has_database && !segment.databases.IsUsed(place))) {
        return;
    }
    out.Number(static_cast<std::uint64_t>(has_database                ? Owner::kDatabase
                                          : place == kNoErrorDatabase ? Owner::kNone
                                                                      : Owner::kOther));
    out.Number(has_database ? segment.databases.KeyOf(place).dbid : 0);
    out.Number(failures.Outside(place));
    WriteErrorCount(out, failures.ReadSeries(place, kErrorPairs));
    out.Number(pairs);
    for (std::uint32_t pair = 0; pair < kErrorPairs; ++pair) {
        const ErrorCount error = failures.ReadSeries(place, pair);
        if (error.count != 0) {
            WriteErrorCount(out, error);
        }
    }
}

void RestoreErrors(Segment& segment, ByteReader& in, bool goes_on) noexcept {
    const auto owner = static_cast<Owner>(in.NumberUpTo(static_cast<std::uint32_t>(Owner::kNone)));
    const std::uint32_t dbid = in.NumberUpTo(UINT32_MAX);
    const std::uint64_t outside = in.Number();
    ErrorCount other{};
    ReadErrorCount(in, other);
    std::array<ErrorCount, kErrorPairs> errors{};
    const std::uint32_t pairs = in.NumberUpTo(kErrorPairs);
    for (std::uint32_t pair = 0; pair < pairs; ++pair) {
        ReadErrorCount(in, errors[pair]);
    }
    if (!in.IsSound()) {
        return;
    }
    const std::uint32_t database =
        owner == Owner::kDatabase ? segment.databases.Find({dbid, 0, 0}) : kNoIndex;
    const std::uint32_t place = owner == Owner::kNone  ? kNoErrorDatabase
                                : database != kNoIndex ? Databases::IndexOf(database)
                                                       : 0;
    const auto add = [&](ErrorCount error) {
        error.origin = goes_on ? error.origin : error.count;
        segment.failures.RestoreError(place, error);
    };
    segment.failures.RestoreOutside(place, outside);
    other.sqlstate = 0;
    add(other);
    for (std::uint32_t pair = 0; pair < pairs; ++pair) {
        add(errors[pair]);
    }
}

}  // namespace elile::core

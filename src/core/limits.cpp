#include "core/limits.hpp"

#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

#include "core/failures/table.hpp"
#include "core/n_plus_one/table.hpp"
#include "core/pools/ended_sessions.hpp"
#include "core/pools/refusals.hpp"
#include "core/pools/reports.hpp"
#include "core/saved/bytes.hpp"
#include "core/saved/state.hpp"
#include "core/segment.hpp"
#include "core/shared/table_directory.hpp"
#include "core/shared/text_pool.hpp"
#include "core/snapshot/parts.hpp"
#include "core/statements/slow_log.hpp"
#include "core/statements/slow_ring.hpp"
#include "core/statements/table.hpp"

namespace elile::core {
namespace {

constexpr Limit kLimits[] = {
    {"evictions", "Statements evicted to make room.",
     [](const Segment& segment) { return Get(segment.statements.shared->evictions); }},
    {"dropped", "Executions counted for their table only, because no entry could be had.",
     [](const Segment& segment) { return Get(segment.statements.shared->dropped); }},
    {"texts_cut", "Texts kept to their first 16 kB.",
     [](const Segment& segment) { return segment.texts.Cut(); }},
    {"texts_dropped", "Statements without a text: query_text_memory was full.",
     [](const Segment& segment) { return segment.texts.Dropped(); }},
    {"buckets_dropped",
     "Executions without a place in their histogram; they are above its last bound.",
     [](const Segment& segment) { return Get(segment.statements.shared->buckets_dropped); }},
    {"tables_overflow", "Statements counted for other tables: max_tables was reached.",
     [](const Segment& segment) { return segment.tables.Overflow(); }},
    {"slow_dropped", "Slow executions not kept because their slot was being written.",
     [](const Segment& segment) { return segment.ring.Dropped(); }},
    {"repaired_slots", "Slots found half-written after a crash.",
     [](const Segment& segment) { return Get(segment.header->repaired_slots); }},
    {"not_ready", "Executions not counted between a crash and the end of repair.",
     [](const Segment& segment) { return Get(segment.statements.shared->not_ready); }},
    {"stripes_dropped",
     "Times that a statement on which processors meet found nothing to spread over.",
     [](const Segment& segment) { return Get(segment.statements.shared->stripes_dropped); }},
    {"log_suppressed", "Log lines on slow statements left out by log_rate_limit.",
     [](const Segment& segment) { return Get(segment.slow_log.shared->suppressed); }},
    {"plans_dropped", "Plans and parameters not kept: plan_memory was full.",
     [](const Segment& segment) { return segment.details.Dropped(); }},
    {"plans_lost", "Plans that could not be written down.",
     [](const Segment& segment) { return Sum(segment.slow_log.shared->plans_lost); }},
    {"parameters_lost", "Parameters that could not be written down.",
     [](const Segment& segment) { return Get(segment.slow_log.shared->parameters_lost); }},
    {"pool_reports_dropped", "Figures of an application's pool that found no place.",
     [](const Segment& segment) { return segment.pool_reports.Dropped(); }},
    {"databases_overflow", "Sessions whose database found no place among those that have a label.",
     [](const Segment& segment) { return segment.databases.Overflow(); }},
    {"pools_put_aside", "Sessions and pools that are summed as other: 256 pools are told apart.",
     [](const Segment& segment) { return Get(*segment.observed.put_aside); }},
    {"sessions_unread", "Times that a session could not be read while it wrote its state.",
     [](const Segment& segment) { return Get(*segment.observed.unread); }},
    {"ended_sessions_dropped",
     "Sessions between two looks at pools that found no place to be counted.",
     [](const Segment& segment) { return segment.ended.Dropped(); }},
    {"connections_refused", "Connections that the server refused because there were too many.",
     [](const Segment& segment) { return segment.refusals.Sum(); }},
    {"n_plus_one_dropped", "Occurrences of N+1 patterns beyond those that are kept.",
     [](const Segment& segment) { return segment.n_plus_one.Dropped(); }},
    {"applications_overflow", "Times that an application with an N+1 pattern was counted as other.",
     [](const Segment& segment) { return segment.n_plus_one.Applications().Overflow(); }},
    {"suggestions_dropped", "Suggestions not kept: their memory was full.",
     [](const Segment& segment) { return segment.n_plus_one.Suggestions().Dropped(); }},
    {"suggestions_given_up", "N+1 patterns for which nobody tries to suggest anything any more.",
     [](const Segment& segment) { return segment.n_plus_one.GivenUp(); }},
    {"logins_denied", "Requests to the exporter with a user or password that is wrong.",
     [](const Segment& segment) { return Get(segment.exporter.shared->logins_denied); }},
    {"logins_refused",
     "Requests to the exporter whose password was not checked in time: there were too many.",
     [](const Segment& segment) { return Get(segment.exporter.shared->logins_refused); }},
    {"exporter_starts", "Times that the exporter was started.",
     [](const Segment& segment) { return Get(segment.exporter.shared->starts); }},
    {"failures_overflow", "Failures that found no row.",
     [](const Segment& segment) { return segment.failures.Overflow(); }},
    {"connect_failures_overflow", "Failures to connect that found no row.",
     [](const Segment& segment) { return segment.failures.ConnectOverflow(); }},
    {"save_failures", "Times that statistics could not be saved.",
     [](const Segment& segment) { return Get(segment.save_state.shared->failures); }},
    {"restore_left_out",
     "Statements that had no room at the last start; they are in their table's figures.",
     [](const Segment& segment) { return Get(segment.save_state.shared->left_out); }},
    {"restore_damaged", "Parts of what was saved that could not be read at the last start.",
     [](const Segment& segment) { return Get(segment.save_state.shared->damaged); }},
};
static_assert(std::size(kLimits) + kLostPlanReasons <= kMostLimits);

constexpr std::size_t kNoPlace = SIZE_MAX;
// Plans lost are counted by reason, so their sum has no figure of its own to add to.
constexpr const char* kSum = "plans_lost";

std::size_t PlaceOf(const Limit& limit) noexcept {
    return static_cast<std::size_t>(&limit - std::begin(kLimits));
}

bool IsSum(const Limit& limit) noexcept { return std::strcmp(limit.name, kSum) == 0; }

std::size_t PlaceBy(std::string_view name, bool is_reason) noexcept {
    for (std::size_t at = 0; at < (is_reason ? kLostPlanReasons : std::size(kLimits)); ++at) {
        if (is_reason && name == kLostPlanNames[at]) {
            return std::size(kLimits) + at;
        }
        if (!is_reason && name == kLimits[at].name && !IsSum(kLimits[at])) {
            return at;
        }
    }
    return kNoPlace;
}

std::uint64_t Shown(std::uint64_t count, const Word& hidden) noexcept {
    return count > Get(hidden) ? count - Get(hidden) : 0;
}

}  // namespace

std::uint64_t CountOf(const Segment& segment, const Limit& limit) noexcept {
    return limit.count(segment) + Get(segment.save_state.shared->limits[PlaceOf(limit)]);
}

std::uint64_t ShownCountOf(const Segment& segment, const Limit& limit) noexcept {
    return Shown(CountOf(segment, limit), segment.save_state.shared->hidden[PlaceOf(limit)]);
}

std::uint64_t ShownLostPlans(const Segment& segment, std::size_t reason) noexcept {
    return Shown(Get(segment.slow_log.shared->plans_lost[reason]),
                 segment.save_state.shared->hidden[std::size(kLimits) + reason]);
}

std::uint32_t SavedLimits() noexcept {
    return static_cast<std::uint32_t>(std::size(kLimits) + kLostPlanReasons);
}

void WriteLimit(const Segment& segment, std::uint32_t place, ByteWriter& out) noexcept {
    const bool is_reason = place >= std::size(kLimits);
    const std::size_t reason = is_reason ? place - std::size(kLimits) : 0;
    const std::uint64_t count = is_reason ? Get(segment.slow_log.shared->plans_lost[reason])
                                          : CountOf(segment, kLimits[place]);
    if (count == 0 || (!is_reason && IsSum(kLimits[place]))) {
        return;
    }
    const std::string_view name = is_reason ? kLostPlanNames[reason] : kLimits[place].name;
    out.Number(is_reason ? 1 : 0);
    out.Text(name);
    out.Number(count);
    out.Number(Get(segment.save_state.shared->hidden[place]));
}

void RestoreLimit(Segment& segment, ByteReader& in, bool goes_on) noexcept {
    SaveState::Shared& state = *segment.save_state.shared;
    const bool is_reason = in.NumberUpTo(1) != 0;
    const std::size_t place = PlaceBy(in.Text(), is_reason);
    const std::uint64_t count = in.Number();
    const std::uint64_t hidden = goes_on ? in.Number() : count;
    if (!in.IsSound() || place == kNoPlace) {
        return;
    }
    Add(state.hidden[place], hidden);
    if (is_reason) {
        Add(segment.slow_log.shared->plans_lost[place - std::size(kLimits)], count);
        Add(state.hidden[PlaceOf(*FindLimit(kSum))], hidden);
    } else {
        Add(state.limits[place], count);
    }
}

std::span<const Limit> Limits() noexcept { return kLimits; }

const Limit* FindLimit(const char* name) noexcept {
    for (const Limit& limit : kLimits) {
        if (std::strcmp(limit.name, name) == 0) {
            return &limit;
        }
    }
    return nullptr;
}

}  // namespace elile::core

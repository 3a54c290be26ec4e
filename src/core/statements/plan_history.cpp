#include "core/statements/plan_history.hpp"

#include "core/shared/text_pool.hpp"

namespace elile::core {
namespace {

constexpr std::uint64_t kLeastRuns = 3;  // before a mean says anything
constexpr std::uint64_t kWorse = 2;      // times as long

// Returns kPlansKept when the plan is none of those kept.
std::uint32_t PlaceOf(const PlanHistory& history, std::uint64_t plan_id) noexcept {
    std::uint32_t place = 0;
    while (place < kPlansKept && Get(history.ids[place]) != plan_id) {
        ++place;
    }
    return place;
}

void ReplaceText(HalfWord& place, std::uint32_t text, TextPool& details) noexcept {
    const std::uint32_t old = Get(place);
    Put(place, text);
    details.Release(old);
}

std::uint64_t MeanNs(const PlanHistory& history) noexcept {
    const std::uint64_t runs = Get(history.runs);
    return runs < kLeastRuns ? 0 : Get(history.total_ns) / runs;
}

void ChangeTo(PlanHistory& history, TextPool& details, std::uint64_t plan_id,
              std::uint64_t now_us) noexcept {
    if (Get(history.current) != 0) {
        Put(history.previous_mean_ns, MeanNs(history));
        Put(history.changed_at_us, now_us);
    }
    Put(history.current, plan_id);
    Put(history.runs, 0);
    Put(history.total_ns, 0);
    Put(history.regressed, 0);
    if (PlaceOf(history, plan_id) == kPlansKept) {
        const std::uint32_t seen = Get(history.seen);
        ReplaceText(history.texts[seen % kPlansKept], 0, details);
        Put(history.ids[seen % kPlansKept], plan_id);
        Put(history.seen, seen + 1);
    }
}

}  // namespace

PlanNews NotePlan(PlanHistory& history, TextPool& details, std::uint64_t plan_id,
                  std::uint64_t duration_ns, std::uint64_t now_us) noexcept {
    const HistoryTurn turn(history);
    if (!turn.IsTaken()) {
        return {};
    }
    if (Get(history.current) != plan_id) {
        ChangeTo(history, details, plan_id, now_us);
    }
    Put(history.runs, Get(history.runs) + 1);
    Put(history.total_ns, Get(history.total_ns) + duration_ns);
    const std::uint64_t before = Get(history.previous_mean_ns);
    const std::uint64_t after = MeanNs(history);
    if (before == 0 || after < kWorse * before || Get(history.regressed) != 0) {
        return {};
    }
    Put(history.regressed, 1);
    return {true, static_cast<double>(before), static_cast<double>(after)};
}

std::uint32_t TakePlanText(PlanHistory& history, TextPool& details,
                           std::uint64_t plan_id) noexcept {
    // A run that does not find its text goes without a plan.
    std::uint32_t text = 0;
    VisitHistory(history, [&](const PlanHistory& found) {
        const std::uint32_t place = PlaceOf(found, plan_id);
        text = place < kPlansKept ? Get(found.texts[place]) : 0;
        details.AddReference(text);
    });
    return text;
}

bool KeepPlanText(PlanHistory& history, TextPool& details, std::uint64_t plan_id,
                  std::uint32_t text) noexcept {
    const HistoryTurn turn(history);
    const std::uint32_t place = turn.IsTaken() ? PlaceOf(history, plan_id) : kPlansKept;
    if (place < kPlansKept) {
        details.AddReference(text);
        ReplaceText(history.texts[place], text, details);
    }
    return turn.IsTaken();
}

void ClearHistory(PlanHistory& history, TextPool& details) noexcept {
    if (Get(history.seen) == 0 && Get(history.current) == 0) {
        return;
    }
    for (std::uint32_t place = 0; place < kPlansKept; ++place) {
        Put(history.ids[place], 0);
        ReplaceText(history.texts[place], 0, details);
    }
    for (Word* word : {&history.changed_at_us, &history.current, &history.runs, &history.total_ns,
                       &history.previous_mean_ns}) {
        Put(*word, 0);
    }
    Put(history.seen, 0);
    Put(history.regressed, 0);
}

bool MendHistory(PlanHistory& history, TextPool& details) noexcept {
    bool sound = true;
    Put(history.busy, 0);
    for (HalfWord& text : history.texts) {
        if (!details.Keep(Get(text))) {
            Put(text, 0);
            sound = false;
        }
    }
    return sound;
}

}  // namespace elile::core

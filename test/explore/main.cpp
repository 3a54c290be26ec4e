// explore SECONDS [CASE [SEED]]: takes each case through many orders, for so long in all. Ends with
// the figures, and with 1 when an order has failed.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "explore/scenarios.hpp"

namespace elile::explore {
namespace {

struct Options {
    double seconds;
    const char* only;  // a case's name, or null
    const char* seed;  // of one order, or null
};

struct Sum {
    int passed = 0;
    int failed = 0;
    std::uint64_t schedules = 0;
    std::uint64_t steps = 0;
};

void Print(const Case& each, const char* how, const Figures& figures, Sum* sum) {
    const std::string bound =
        figures.bound < 0 ? "" : ", all with " + std::to_string(figures.bound) + " preemptions";
    std::printf("%-34s %-7s %9llu schedules %11llu steps %5llu shared words%s\n", each.name.c_str(),
                how, static_cast<unsigned long long>(figures.schedules),
                static_cast<unsigned long long>(figures.steps),
                static_cast<unsigned long long>(figures.shared), bound.c_str());
    for (const Found& found : figures.failures) {
        std::printf("not ok %s: %s (%s)\n", each.name.c_str(), found.what.c_str(),
                    found.order.c_str());
    }
    ++(figures.failures.empty() ? sum->passed : sum->failed);
    sum->schedules += figures.schedules;
    sum->steps += figures.steps;
    std::fflush(stdout);
}

int Main(const Options& options) {
    constexpr std::uint64_t kNoLimit = UINT64_MAX;
    constexpr int kDeepest = 3;
    std::vector<Case> cases;
    AddStatementsCases(&cases);
    AddPartsCases(&cases);
    AddTablesCases(&cases);
    AddFailuresCases(&cases);
    AddUtilitiesCases(&cases);
    const double seconds =
        options.seconds / 2 / static_cast<double>(options.only != nullptr ? 1 : cases.size());
    Sum sum;
    for (const Case& each : cases) {
        if (options.only != nullptr && each.name != options.only) {
            continue;
        }
        if (options.seed != nullptr) {
            const std::uint64_t seed = std::strtoull(options.seed, nullptr, 10);
            Print(each, "seed", ExploreAtRandom(each, seed, 1, seconds), &sum);
            continue;
        }
        Print(each, "all", ExploreAll(each, kDeepest, seconds), &sum);
        Print(each, "random", ExploreAtRandom(each, 1, kNoLimit, seconds), &sum);
    }
    std::printf("%llu schedules, %llu steps\n%d passed, %d failed\n",
                static_cast<unsigned long long>(sum.schedules),
                static_cast<unsigned long long>(sum.steps), sum.passed, sum.failed);
    return sum.failed == 0 && sum.passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace elile::explore

int main(int count, char** arguments) {
    if (count < 2 || count > 4) {
        std::fprintf(stderr, "usage: explore SECONDS [CASE [SEED]]\n");
        return 2;
    }
    return elile::explore::Main({std::atof(arguments[1]), count > 2 ? arguments[2] : nullptr,
                                 count > 3 ? arguments[3] : nullptr});
}

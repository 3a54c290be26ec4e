// Runs one fuzz target: run TARGET, then what libFuzzer takes.
#include <array>
#include <string_view>

#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerRunDriver(int* argc, char*** argv,
                                   int (*take)(const std::uint8_t* data, std::size_t size));

namespace elile::fuzz {
namespace {

struct Target {
    std::string_view name;
    void (*take)(Input input);
};
constexpr std::array<Target, 6> kTargets = {{{"http", TakeRequest},
                                             {"users", TakeUsers},
                                             {"names", TakeNames},
                                             {"edits", TakeEdits},
                                             {"segment", TakeSegment},
                                             {"saved", TakeSaved}}};

const Target* chosen = nullptr;

int Main(int argc, char** argv) {
    for (const Target& target : kTargets) {
        if (argc > 1 && target.name == argv[1]) {
            chosen = &target;
        }
    }
    if (chosen == nullptr) {
        std::fputs("usage: run TARGET [what libFuzzer takes]...\n", stderr);
        return 2;
    }
    std::swap(argv[0], argv[1]);
    ++argv;
    --argc;
    return LLVMFuzzerRunDriver(&argc, &argv, [](const std::uint8_t* data, std::size_t size) {
        chosen->take(Input(data, size));
        return 0;
    });
}

}  // namespace
}  // namespace elile::fuzz

int main(int argc, char** argv) { return elile::fuzz::Main(argc, argv); }

// A seam lies between two steps that other processes may see apart. Unit tests let somebody else
// act there, or end the process; in the product a seam does nothing.
#pragma once

namespace elile::core {

enum class Seam {
    kClaimed,    // an entry's slot is out of the free stack
    kFilled,     // its identity is written
    kPublished,  // a cell leads to it
    kChained,    // its query's chain leads to it too
    kLive,       // look-ups find it
    kRetired,    // its tag has changed, its cell is there
    kUnlinked,   // its cell is empty, and it lies in no stack
    kFolding,    // it is marked, its sums are where they were
    kSummed,     // its sums are in their new place too
    kEmptied,    // it is free, and lies in no stack
    kEntrySteps,

    kPatternRead,  // the number of an N+1 pattern's place is read, its key is not
    kFailureRead,  // the same of a failure's row
    kBuildFreeing  // a build's slot is the caller's to free
};

#ifdef ELILE_UNIT_TEST
using SeamHook = void (*)(Seam);
inline thread_local SeamHook seam_hook = nullptr;
inline void Pass(Seam seam) noexcept {
    if (seam_hook != nullptr) {
        seam_hook(seam);
    }
}
#else
inline void Pass(Seam) noexcept {}
#endif

}  // namespace elile::core

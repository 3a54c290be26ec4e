#include "indexes/predicate.hpp"

#include "fuzz/server/target.hpp"

namespace elile::fuzz {
void TakePredicates(Input) {}
void TakeLoop(Input) {}
}

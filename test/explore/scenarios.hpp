// The cases that the explorer takes through their orders.
#pragma once

#include <vector>

#include "explore/explorer.hpp"

namespace elile::explore {

void AddStatementsCases(std::vector<Case>* cases);
void AddPartsCases(std::vector<Case>* cases);
void AddTablesCases(std::vector<Case>* cases);

}  // namespace elile::explore

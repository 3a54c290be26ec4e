// The cases that the explorer takes through their orders.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "explore/explorer.hpp"

namespace elile::explore {

// Adds the case, and the same one where a process may be killed at any step.
inline void AddBoth(std::vector<Case>* cases, const char* name,
                    std::unique_ptr<Scenario> (*make)()) {
    cases->push_back({name, false, make});
    cases->push_back({std::string(name) + ", killed", true, make});
}

void AddStatementsCases(std::vector<Case>* cases);
void AddPartsCases(std::vector<Case>* cases);
void AddTablesCases(std::vector<Case>* cases);
void AddFailuresCases(std::vector<Case>* cases);
void AddUtilitiesCases(std::vector<Case>* cases);

}  // namespace elile::explore

// Reads a plan as a tree: its identity, its size, and its literals, which can be hidden.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// Returns the identifier that another extension has given the plan (18 and later), else one of
// ours. Where the server has a place for ours, the plan keeps it, so that tools which look later
// agree. Ours hashes the plan's shape: kinds of nodes, their order, the tables and indexes that
// they read. Costs, literals and parameters are not part of it. It is never 0. Touches memory only,
// like all of this file.
uint64 IdentifyPlan(PlannedStmt* plan);

// Returns how many nodes the plan has, or `most` when it has more.
int CountNodes(const PlannedStmt& plan, int most);

// Whether the plan has a node of an extension or of a foreign data wrapper. Only the session that
// planned it can read these.
bool HasForeignNode(const PlannedStmt& plan);

// Removes what would run a part of the statement when the plan is started. The plan must be the
// caller's own copy.
void ForgetPruning(PlannedStmt& plan);

// Turns literals into parameters, in place, so that EXPLAIN shows $n. Parameter 0 stands for all
// until they are numbered. Each keeps its location in the statement's text.
class HiddenLiterals {
public:
    // Hides the literals and keeps a list in the current memory context. Raises an error when
    // memory is short or the plan too deep. The caller must then show again what has been hidden by
    // then.
    void Hide(const PlannedStmt& plan);
    // Puts all literals back.
    void Show();
    // Gives each parameter the number that `number_of` returns for its location (-1: none).
    template <typename NumberOf>
    void Number(NumberOf number_of) {
        for (int at = 0; at < count_; ++at) {
            auto* parameter = reinterpret_cast<Param*>(literals_[at].place);
            parameter->paramid = number_of(parameter->location);
        }
    }

private:
    struct HiddenLiteral {
        Const* place;  // a Param now
        Const original;
    };

    static bool HideIn(Node* node, void* self);
    void Replace(Const* literal);

    HiddenLiteral* literals_ = nullptr;
    int count_ = 0;
    int room_ = 0;
};

}  // namespace elile::capture

// A plan as a tree: its identity, its size, and its literals, which can be hidden.
#pragma once

#include "pg/postgres.hpp"

namespace elile::capture {

// The identifier that another extension has given the plan (18 and later). Else the plan gets one
// of ours, where the server has a place for it, so that tools which look at it later agree. Ours is
// of the plan's shape: kinds of nodes, their order, the tables and indexes that they read. Costs,
// literals and parameters are not part of it. Never 0. Memory only, like all of this file.
uint64 IdentifyPlan(PlannedStmt* plan);

// How many nodes the plan has, or `most` when it has more.
int CountNodes(const PlannedStmt& plan, int most);

// Whether it has a node of an extension or of a foreign data wrapper. Only the session that planned
// it can read these.
bool HasForeignNode(const PlannedStmt& plan);

// So that starting the plan, which is a copy of its own, runs nothing of the statement.
void ForgetPruning(PlannedStmt& plan);

// Literals become parameters, in place, so that EXPLAIN shows $n. Parameter 0 stands for all until
// they are numbered; each keeps its location in the statement's text.
class HiddenLiterals {
public:
    // In the current memory context. An error when memory is short or the plan too deep; what has
    // been hidden by then is to be shown again.
    void Hide(const PlannedStmt& plan);
    // Puts all back.
    void Show();
    // Gives each the number that `number_of` returns for its location (-1: none).
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

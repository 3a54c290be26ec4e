#include "capture/level.hpp"

namespace elile::capture {

bool is_nested = false;

namespace {

// A worker runs what it was made for without a portal. In any other process that is done for
// something else.
bool HasOwnStatements() { return MyBackendType == B_BG_WORKER; }

// Whether the portal is a client's. A function's loop has one with a name that the server made up,
// as EXECUTE has, whose portal is hidden.
bool IsClients(const PortalData& portal) {
    constexpr const char* kMadeUp = "<unnamed portal ";
    return !portal.visible || strncmp(portal.name, kMadeUp, strlen(kMadeUp)) != 0 ||
           HasOwnStatements();
}

// Another extension may have replaced the statement or its text, but hardly both.
bool IsOf(const PortalData& portal, const PlannedStmt& statement, const char* source) {
    return portal.sourceText == source || list_member_ptr(portal.stmts, &statement);
}

// The text of the prepared statement that the portal executes, or null.
const char* ExecutedText(const PortalData& portal) {
    const auto* statement =
        portal.stmts != NIL ? linitial_node(PlannedStmt, portal.stmts) : nullptr;
    if (statement == nullptr || statement->utilityStmt == nullptr ||
        !IsA(statement->utilityStmt, ExecuteStmt)) {
        return nullptr;
    }
    const auto* execute = castNode(ExecuteStmt, statement->utilityStmt);
    const PreparedStatement* prepared = FetchPreparedStatement(execute->name, false);
    return prepared != nullptr ? prepared->plansource->query_string : nullptr;
}

}  // namespace

bool IsNestedBetween(const PlannedStmt& statement, const char* source) {
    const PortalData* portal = ActivePortal;
    if (portal == nullptr) {
        return !HasOwnStatements();
    }
    return !IsOf(*portal, statement, source) || !IsClients(*portal);
}

// A client's statement is planned before it has a portal, but for one that EXECUTE plans.
bool IsPlannedBetween(const char* source) {
    if (HasOwnStatements()) {
        return false;
    }
    if (ActivePortal != nullptr) {
        return ExecutedText(*ActivePortal) != source;
    }
    return debug_query_string == nullptr || strcmp(debug_query_string, source) != 0;
}

}  // namespace elile::capture

#include "n_plus_one/parsed_again.hpp"

#include "pg/compat.hpp"
#include "pg/guard.hpp"

namespace elile::n_plus_one {
namespace {

struct Sought {
    int location;
    A_Expr* found;
};

bool Find(Node* node, void* context) {
    auto* sought = static_cast<Sought*>(context);
    if (node == nullptr) {
        return false;
    }
    if (IsA(node, A_Expr) && castNode(A_Expr, node)->location == sought->location &&
        castNode(A_Expr, node)->kind == AEXPR_OP) {
        sought->found = castNode(A_Expr, node);
        return true;
    }
    return pg::WalkParsed(node, Find, context);
}

}  // namespace

char* Edited(const char* text, const core::TextEdit* edits, int count) {
    const auto edit_count = static_cast<size_t>(count);
    if (!core::AreInOrder(text, edits, edit_count)) {
        return nullptr;
    }
    const size_t length = core::EditedLength(text, edits, edit_count);
    auto* edited = static_cast<char*>(palloc(length + 1));
    core::ApplyEdits(text, edits, edit_count, edited);
    edited[length] = '\0';
    return edited;
}

bool ParsesAs(const char* text, const SelectStmt* expected) {
    if (text == nullptr) {
        return false;
    }
    CHECK_FOR_INTERRUPTS();
    bool same = false;
    ErrorData* error = nullptr;
    // Many texts are tried, and parsing one takes a multiple of its length.
    MemoryContext scratch = AllocSetContextCreate(
        CurrentMemoryContext, "elile_optimize parsed again", ALLOCSET_DEFAULT_SIZES);
    const bool parsed = pg::InMemory(
        [&] {
            MemoryContextSwitchTo(scratch);
            const List* list = raw_parser(text, RAW_PARSE_DEFAULT);
            same = list_length(list) == 1 && equal(linitial_node(RawStmt, list)->stmt, expected);
        },
        &error);
    MemoryContextDelete(scratch);
    if (!parsed && error->sqlerrcode != ERRCODE_SYNTAX_ERROR) {
        ReThrowError(error);
    }
    return same;
}

A_Expr* FindOperator(SelectStmt* tree, int location) {
    Sought sought = {location, nullptr};
    Find(reinterpret_cast<Node*>(tree), &sought);
    return sought.found;
}

}  // namespace elile::n_plus_one

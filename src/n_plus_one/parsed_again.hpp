// Edits a text and proves the edit by parsing what came out.
#pragma once

#include "n_plus_one/statement.hpp"

namespace elile::n_plus_one {

// Returns the text with the edits made; null when they are not in order.
char* Edited(const char* text, const core::TextEdit* edits, int count);

// Whether the parser makes this tree of the text.
bool ParsesAs(const char* text, const SelectStmt* expected);

// Returns the operator at this place of the parser's tree, or null.
A_Expr* FindOperator(SelectStmt* tree, int location);

}  // namespace elile::n_plus_one

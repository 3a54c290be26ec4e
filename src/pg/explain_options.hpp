// Uses EXPLAIN's options of extensions (18 and later) for the plans that are kept.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// The check and assign hooks of elile_optimize.log_extension_options.
bool CheckExtensionOptions(char** list, void** parsed, GucSource source);
void AssignExtensionOptions(const char* list, void* parsed);

// Whether the session has set any option.
bool HasExtensionOptions();

// Sets the options for a plan that is about to be explained, and returns whether any was set.
// Options that no loaded library has are left out. If `hides`, so are those that are not known to
// print no literal. An extension's handler may raise an error.
bool ApplyExtensionOptions(ExplainState* state, bool hides);

// Lets extensions print what they print below a plan. If `hides`, they see neither the statement's
// text nor its parameters.
void PrintBelowPlan(ExplainState* state, const QueryDesc& query, bool hides);

}  // namespace elile::pg

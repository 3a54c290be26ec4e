// EXPLAIN's options of extensions (18 and later) in the plans that are kept.
#pragma once

#include "pg/postgres.hpp"

namespace elile::pg {

// elile_optimize.log_extension_options: its check and assign hooks.
bool CheckExtensionOptions(char** list, void** parsed, GucSource source);
void AssignExtensionOptions(const char* list, void* parsed);

// Whether the session has any set.
bool HasExtensionOptions();

// Sets them for what is going to be explained. Those that no loaded library has are left out; so
// are, if `hides`, those that are not known to print no literal. True: some are set. An extension's
// handler may raise an error.
bool ApplyExtensionOptions(ExplainState* state, bool hides);

// Lets extensions print what they print below a plan. If `hides`, they see neither the statement's
// text nor its parameters.
void PrintBelowPlan(ExplainState* state, const QueryDesc& query, bool hides);

}  // namespace elile::pg

// What happens when the server loads the library: a table of contents.
#include "capture/execution.hpp"
#include "capture/hooks.hpp"
#include "core/version.hpp"
#include "keeper/keeper.hpp"
#include "pg/compat.hpp"
#include "pg/postgres.hpp"
#include "pg/scanner.hpp"
#include "pg/settings.hpp"
#include "saver/saver.hpp"
#include "store/shared_store.hpp"

extern "C" {

ELILE_MODULE_MAGIC("elile_optimize", elile::core::kVersion);

// Loaded later, by LOAD or by a function call, it only knows the index set; its other functions say
// what is missing.
PGDLLEXPORT void _PG_init() {
    elile::pg::DefineIndexes();
    if (!process_shared_preload_libraries_in_progress) {
        return;
    }
    // pg_upgrade runs statements of its own on data that must not change meanwhile: settings are
    // known, but nothing is counted, and no process of ours begins. So it is in a single-user
    // server whose literals are not known.
    if (IsBinaryUpgrade || !elile::pg::ReadsLiterals()) {
        elile::pg::DefineSettings({nullptr, nullptr, nullptr});
        return;
    }
    EnableQueryId();
    elile::pg::DefineSettings({elile::capture::OnLogAnalyze, elile::capture::OnComputePlanId,
                               elile::capture::OnNPlusOneThreshold});
    // Where there is one place for a worker, it is the keeper's.
    elile::keeper::RegisterKeeper();
    elile::store::InstallSharedStore(elile::saver::RegisterSaver());
    elile::capture::InstallPlannerHook();
    elile::capture::InstallExecutorHooks();
    elile::capture::InstallUtilityHook();
    elile::capture::WatchSubtransactions();
    elile::capture::WatchSessions();
    elile::capture::WatchFailures();
}

}  // extern "C"

#include "keeper/worker_start.hpp"

namespace elile::keeper {

BackgroundWorker MakeWorker(const char* function, const char* name) {
    BackgroundWorker worker = {};
    strlcpy(worker.bgw_name, name, BGW_MAXLEN);
    strlcpy(worker.bgw_type, name, BGW_MAXLEN);
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    strlcpy(worker.bgw_library_name, "elile_optimize", BGW_MAXLEN);
    strlcpy(worker.bgw_function_name, function, BGW_MAXLEN);
    return worker;
}

bool StartWithDatabase(BackgroundWorker worker, BgWorkerStartTime when,
                       BackgroundWorkerHandle** handle) {
    worker.bgw_flags |= BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = when;
    worker.bgw_notify_pid = MyProcPid;
    return RegisterDynamicBackgroundWorker(&worker, handle);
}

}  // namespace elile::keeper

// Tells the keeper of each session that ends, so that those too short for it to see are counted.
#include "capture/hooks.hpp"
#include "pg/client_sessions.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

ClientAuthentication_hook_type prev_ClientAuthentication = nullptr;

// Memory only. Sessions that never got as far as a query are none.
void OnSessionEnd(int, Datum) {
    core::StatementStore* store = store::SharedStore();
    if (!IsNormalProcessingMode() || MyBackendType != B_BACKEND || MyBEEntry == nullptr ||
        store == nullptr || !store->IsReady()) {
        return;
    }
    store->Parts().ended.Push({pg::OwnPool(), static_cast<uint32>(MyProcPid),
                               static_cast<uint64>(MyBEEntry->st_proc_start_timestamp)});
}

void OnClientAuthentication(Port* port, int status) {
    if (prev_ClientAuthentication != nullptr) {
        prev_ClientAuthentication(port, status);
    }
    if (status == STATUS_OK) {
        before_shmem_exit(OnSessionEnd, 0);
    }
}

}  // namespace

void WatchSessionEnds() {
    prev_ClientAuthentication = ClientAuthentication_hook;
    ClientAuthentication_hook = OnClientAuthentication;
}

}  // namespace elile::capture

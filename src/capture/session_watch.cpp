// Watches sessions that the keeper does not see. Those too short for its looks report their own
// end; those that the server refused are noted as it logs them.
#include "capture/hooks.hpp"
#include "core/pools/ended_sessions.hpp"
#include "core/pools/refusals.hpp"
#include "core/segment.hpp"
#include "pg/client_sessions.hpp"
#include "store/shared_store.hpp"

namespace elile::capture {
namespace {

ClientAuthentication_hook_type prev_ClientAuthentication = nullptr;
emit_log_hook_type prev_emit_log = nullptr;

// Touches memory only. A session that never got as far as a query is not noted.
void OnSessionEnd(int, Datum) {
    core::Segment* segment = store::SharedSegment();
    if (!IsNormalProcessingMode() || MyBackendType != B_BACKEND || MyBEEntry == nullptr ||
        segment == nullptr || !segment->header->IsReady()) {
        return;
    }
    segment->ended.Push({pg::OwnPool(), static_cast<uint32>(MyProcPid),
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

const char* OrEmpty(const char* name) { return name != nullptr ? name : ""; }

// No other hook sees a session for which there is no place: it may end before the server has listed
// its process. Touches memory only.
void OnEmitLog(ErrorData* error) {
    if (error->sqlerrcode == ERRCODE_TOO_MANY_CONNECTIONS && error->elevel == FATAL) {
        core::Segment* segment = store::SharedSegment();
        const Port* port = MyProcPort;
        if (segment != nullptr && port != nullptr) {
            char application[NAMEDATALEN];
            strlcpy(application, OrEmpty(port->application_name), sizeof(application));
            segment->refusals.Note(OrEmpty(port->database_name), OrEmpty(port->user_name),
                                   application, static_cast<uint64>(GetCurrentTimestamp()));
        }
    }
    if (prev_emit_log != nullptr) {
        prev_emit_log(error);
    }
}

}  // namespace

void WatchSessions() {
    prev_emit_log = emit_log_hook;
    emit_log_hook = OnEmitLog;
    prev_ClientAuthentication = ClientAuthentication_hook;
    ClientAuthentication_hook = OnClientAuthentication;
}

}  // namespace elile::capture

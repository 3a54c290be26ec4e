#include "capture/execution.hpp"
#include "capture/hooks.hpp"

namespace elile::capture {
namespace {

emit_log_hook_type prev_emit_log = nullptr;

// Nothing here may raise or log: it would come back to this hook.
void OnEmitLog(ErrorData* error) {
    NoteFatal(*error);
    if (prev_emit_log != nullptr) {
        prev_emit_log(error);
    }
}

}  // namespace

void InstallLogHook() {
    prev_emit_log = emit_log_hook;
    emit_log_hook = OnEmitLog;
}

}  // namespace elile::capture

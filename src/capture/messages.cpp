#include "capture/messages.hpp"

#include "capture/hooks.hpp"
#include "capture/level.hpp"

namespace elile::capture {
namespace {

post_parse_analyze_hook_type next_post_parse_analyze = nullptr;
ExecutorStart_hook_type next_ExecutorStart = nullptr;

MemoryContextCallback on_message_end = {};
bool awaits_end = false;

// The server empties the message's memory before it reads the next one. That is the only sign of
// a message's end: views are rewritten, and their tables locked, after all hooks.
void OnMessageEnd(void*) {
    last_parse.ended = pg::TicksNow();
    awaits_end = false;
}

void NoteParse(const Query& query) {
    last_parse = {static_cast<uint64>(query.queryId), GetCurrentStatementStartTimestamp(), {}};
    if (!awaits_end) {
        awaits_end = true;
        on_message_end.func = OnMessageEnd;
        MemoryContextRegisterResetCallback(MessageContext, &on_message_end);
    }
}

// Parse lets parameters have any type, which the simple protocol does not. PREPARE does so too, in
// a portal. Server versions differ in whether `jumble` is constant.
template <typename Jumble>
void OnAnalysed(ParseState* state, Query* query, Jumble* jumble) {
    if (next_post_parse_analyze != nullptr) {
        next_post_parse_analyze(state, query, jumble);
    }
    if (state->p_paramref_hook != nullptr && ActivePortal == nullptr && !is_nested) {
        NoteParse(*query);
    }
}

void OnExecutorStart(QueryDesc* query, int flags) {
    next_ExecutorStart(query, flags);
    if (!is_nested) {
        last_started = pg::TicksNow();
    }
}

}  // namespace

bool WatchMessages() {
    static bool is_watching = false;
    if (is_watching) {
        return true;
    }
    next_post_parse_analyze = post_parse_analyze_hook;
    post_parse_analyze_hook = OnAnalysed;
    Chain(ExecutorStart_hook, OnExecutorStart, next_ExecutorStart, standard_ExecutorStart);
    is_watching = true;
    return false;
}

}  // namespace elile::capture

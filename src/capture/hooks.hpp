// The server's hooks that see statements run.
#pragma once

namespace elile::capture {

// Puts `own` on the way of a hook. `next` is who was there before, or the server's own function.
template <typename Function>
void Chain(Function*& hook, Function* own, Function*& next, Function* standard) {
    next = hook != nullptr ? hook : standard;
    hook = own;
}

void InstallPlannerHook();
void InstallExecutorHooks();
void InstallUtilityHook();
void WatchSessions();

// When log_analyze takes a value. The hook that it needs is on every statement's way, so it comes
// with the first time that it is on.
void OnLogAnalyze(bool on, void*);

// Likewise, on the way of every plan that is made.
void OnComputePlanId(bool on, void*);

// When n_plus_one_threshold takes a value. Every execution is looked at once more: what may be part
// of a pattern is decided anew then.
void OnNPlusOneThreshold(int threshold, void*);

}  // namespace elile::capture

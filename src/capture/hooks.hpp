// Installs our hooks, by which we see statements run.
#pragma once

namespace elile::capture {

// Puts `own` into a hook. `next` becomes what was there before, or the server's own function.
template <typename Function>
void Chain(Function*& hook, Function* own, Function*& next, Function* standard) {
    next = hook != nullptr ? hook : standard;
    hook = own;
}

void InstallPlannerHook();
void InstallExecutorHooks();
void InstallUtilityHook();
void WatchSessions();
void WatchFailures();

// The assign hook of log_analyze. The executor hook that it needs is on every statement's way, so
// it is installed when the setting is first on.
void OnLogAnalyze(bool on, void*);

// The assign hook of compute_plan_id. The planner hook that it needs is installed in the same way.
void OnComputePlanId(bool on, void*);

// The assign hook of n_plus_one_threshold. The next execution is looked at again, and what may be
// part of a pattern is then decided anew.
void OnNPlusOneThreshold(int threshold, void*);

}  // namespace elile::capture

// The server's hooks that see statements run.
#pragma once

namespace elile::capture {

void InstallPlannerHook();
void InstallExecutorHooks();
void InstallUtilityHook();

}  // namespace elile::capture

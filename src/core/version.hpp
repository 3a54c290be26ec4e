// This is the extension's version, as in the control file's default_version.
#pragma once

namespace elile::core {

inline constexpr const char* kVersion = "1.1";

}  // namespace elile::core

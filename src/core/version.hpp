// The extension's version, as the control file's default_version has it.
#pragma once

namespace elile::core {

inline constexpr const char* kVersion = "1.1";

}  // namespace elile::core

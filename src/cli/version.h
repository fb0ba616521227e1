#pragma once

#include <string_view>

namespace mailvigil::cli {

inline constexpr std::string_view kVersion = MAILVIGIL_VERSION;

}  // namespace mailvigil::cli

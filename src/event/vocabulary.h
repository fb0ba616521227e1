// The words of findings, spelled as they are written out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mailvigil {

/// Sigma's levels.
enum class Level : std::uint8_t { informational, low, medium, high, critical };

std::string_view to_text(Level level);
std::optional<Level> parse_level(std::string_view text);

}  // namespace mailvigil

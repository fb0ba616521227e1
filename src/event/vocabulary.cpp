#include "event/vocabulary.h"

#include <algorithm>
#include <array>

namespace mailvigil {

namespace {

constexpr std::array<std::string_view, 5> kLevels = {
    "informational", "low", "medium", "high", "critical"};

}  // namespace

std::string_view to_text(Level level) {
    return kLevels[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view text) {
    const auto* at = std::ranges::find(kLevels, text);
    if (at == kLevels.end()) {
        return {};
    }
    return static_cast<Level>(at - kLevels.begin());
}

}  // namespace mailvigil

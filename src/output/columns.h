// Text in columns: how wide it is, and where a line may be broken.
#pragma once

#include <cstddef>
#include <string_view>

namespace mailvigil::output {

/// Code points, which is near enough to columns for what we print.
std::size_t columns_of(std::string_view text);

/// Takes the longest front of `text` that fits off it, broken at a space where there is one.
std::string_view take_line(std::string_view& text, std::size_t columns);

}  // namespace mailvigil::output

// The rules and profiles that are compiled into the program, so that it works with no file beside
// it (cmake/Embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace mailvigil::app {

struct ShippedFile {
    std::string_view path;  ///< within the project, e.g. "rules/tools/curl.yml"
    std::string_view text;
};

/// All of them, sorted by path.
std::span<const ShippedFile> shipped();

}  // namespace mailvigil::app

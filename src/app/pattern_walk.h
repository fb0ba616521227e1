// Walks this host's files along a pattern of a PathMap, component by component, so that only
// folders are listed that can lead to a match.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace mailvigil::app {

/// Calls `reached(path, rest)` for each place that the walk comes to:
///   - a path that is there and matches the pattern: `rest` is empty, or "/**" where the pattern
///     takes all below it;
///   - a folder in which a match may come into being: `rest` is what the pattern says from there,
///     with a leading slash. It is one whose next component is no literal, or not there.
/// Captures match any name; what exactly matches the map itself says. Symbolic links are followed.
/// Folders that can't be read are left out.
void walk_pattern(
    std::string_view pattern,
    const std::function<void(const std::string& path, std::string_view rest)>& reached);

}  // namespace mailvigil::app

// What a script given in an argument says of itself: `python3 -c`, `bash -c`, `lftp -e`. Texts are
// looked for, nothing is interpreted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "detect/command/grammar.h"

namespace mailvigil::detect::command {

/// No more of a script is looked at.
inline constexpr std::size_t kScriptBytesMax = 256 * 1024;
/// Files named in one script, and statements of one script, that are looked at.
inline constexpr std::size_t kScriptPartsMax = 256;

struct MarkerFound {
    const Marker* marker = nullptr;  ///< borrowed from the tool
    std::string destination;         ///< `host:port` or the first URL; empty: none in the script
};

struct ScriptReading {
    std::vector<MarkerFound> markers;  ///< each marker at most once, in the order of the tool
    std::vector<std::string_view> sources;
};

ScriptReading read_script(const Tool& tool, std::string_view script);

/// `put a; put "b c" && quit` as statements of words. Quotes and backslashes as in a shell.
std::vector<std::vector<std::string>> split_statements(std::string_view script);

}  // namespace mailvigil::detect::command

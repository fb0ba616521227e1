// rules/tools/*.yml to a Tool. rules/README.md describes the format.
#pragma once

#include <optional>
#include <string_view>

#include "base/diagnostics.h"
#include "base/yaml.h"
#include "detect/command/grammar.h"

namespace mailvigil::detect::command {

/// The tool of one document; none when it has no name. Bad parts are reported and left out.
std::optional<Tool> read_tool(const yaml::Node& document,
                              std::string_view source,
                              Diagnostics& diagnostics);

}  // namespace mailvigil::detect::command

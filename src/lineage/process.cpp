#include "lineage/process.h"

#include <fmt/format.h>

#include "base/escape.h"

namespace mailvigil::lineage {

std::string Process::entity_id() const {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(start.time_since_epoch());
    return fmt::format("{}-{}", pid.value, milliseconds.count());
}

std::string Process::command_line() const {
    if (args.empty()) {
        return executable;
    }
    std::string line;
    for (const std::string& argument : args) {
        if (!line.empty()) {
            line += ' ';
        }
        line += shell_quote(argument);
    }
    return line;
}

}  // namespace mailvigil::lineage

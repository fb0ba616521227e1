#include "base/diagnostics.h"

#include <fmt/format.h>

#include "base/escape.h"

namespace mailvigil {

void Diagnostics::add(Diagnostic diagnostic) {
    ++count_;
    if (diagnostic.severity == Severity::error) {
        ++errors_;
    }
    // Warnings must not push an error out of sight.
    const std::size_t room = diagnostic.severity == Severity::error ? kKeptMax * 2 : kKeptMax;
    if (kept_.size() < room) {
        kept_.push_back(std::move(diagnostic));
    }
}

std::string render(const Diagnostic& diagnostic) {
    std::string place = escape_for_terminal(diagnostic.source);
    if (diagnostic.line != 0) {
        place += fmt::format(":{}", diagnostic.line);
    }
    if (diagnostic.column != 0) {
        place += fmt::format(":{}", diagnostic.column);
    }
    return fmt::format(
        "{}{}{}", place, place.empty() ? "" : ": ", escape_for_terminal(diagnostic.message));
}

}  // namespace mailvigil

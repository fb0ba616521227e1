#include "base/diagnostics.h"

#include <fmt/format.h>

#include "base/escape.h"

namespace mailvigil {

void Diagnostics::add(Diagnostic diagnostic) {
    ++count_;
    if (diagnostic.severity == Severity::error) {
        ++errors_;
    }
    if (kept_.size() < kKeptMax) {
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

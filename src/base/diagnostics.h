// Diagnostics: what a parser has to say about its input. A parser never stops at the first thing it
// doesn't know; it returns what it understood and a diagnostic for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil {

enum class Severity : std::uint8_t { warning, error };

struct Diagnostic {
    Severity severity = Severity::error;
    std::string source;        ///< file name as the user gave it; empty: the message names it
    std::uint64_t line = 0;    ///< from 1; 0: the whole file
    std::uint32_t column = 0;  ///< from 1; 0: the whole line
    std::string message;       ///< lower case: what, and what to do
};

/// Collects diagnostics up to kKeptMax (errors up to twice that); what comes after is only counted,
/// so that hostile input can't fill memory.
class Diagnostics {
  public:
    static constexpr std::size_t kKeptMax = 200;

    void add(Diagnostic diagnostic);

    [[nodiscard]] const std::vector<Diagnostic>& kept() const { return kept_; }

    [[nodiscard]] std::uint64_t count() const { return count_; }

    [[nodiscard]] std::uint64_t errors() const { return errors_; }

    /// Forgets the kept ones (they were shown) and goes on counting.
    void clear_kept() { kept_.clear(); }

  private:
    std::vector<Diagnostic> kept_;
    std::uint64_t count_ = 0;
    std::uint64_t errors_ = 0;
};

/// "file:line:column: message", escaped for a terminal.
std::string render(const Diagnostic& diagnostic);

}  // namespace mailvigil

// Command: one word (or two) that a user may say to mailvigil. One per file of cli/command/
// (roster); the file's stem with '_' as ' ' is what the user types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::cli {

/// Exit statuses, as diff(1) and grep(1) have them.
enum class Exit : std::uint8_t { nothing_found = 0, findings = 1, usage = 2, failure = 3 };

enum class OptionKind : std::uint8_t {
    flag,         ///< --explain
    value,        ///< --level high
    values,       ///< --anchor a --anchor b: all of them
    positional,   ///< one argument
    positionals,  ///< any number of arguments
};

struct Option {
    std::string_view name;  ///< "--level", or the name of a positional
    OptionKind kind = OptionKind::value;
    std::string_view meta;  ///< what a value looks like, e.g. "LEVEL"
    std::string_view help;
};

/// What the user gave.
class Arguments {
  public:
    [[nodiscard]] bool has(std::string_view name) const {
        return values_.contains(std::string(name));
    }

    [[nodiscard]] std::optional<std::string> value(std::string_view name) const {
        const auto found = values_.find(std::string(name));
        return found == values_.end() || found->second.empty()
                   ? std::nullopt
                   : std::optional(found->second.front());
    }

    [[nodiscard]] std::vector<std::string> values(std::string_view name) const {
        const auto found = values_.find(std::string(name));
        return found == values_.end() ? std::vector<std::string>() : found->second;
    }

    void set(std::string_view name, std::vector<std::string> values) {
        values_[std::string(name)] = std::move(values);
    }

  private:
    std::map<std::string, std::vector<std::string>> values_;
};

struct Command {
    std::string_view name;     ///< the file's stem
    std::string_view summary;  ///< one line
    std::string_view example;  ///< one real call and what it does
    std::span<const Option> options;
    Exit (*run)(const Arguments& arguments);
};

/// Parses the command line, runs the command it names, prints usage and errors. argv as main() gets
/// it.
Exit run(int argc, const char* const* argv);

/// "mailvigil: message" on standard error, escaped.
void complain(std::string_view message);

}  // namespace mailvigil::cli

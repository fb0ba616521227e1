// argv to options and operands, by a tool's grammar: getopt clusters, abbreviated long options,
// words, subcommands.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detect/command/grammar.h"

namespace mailvigil::detect::command {

/// No more arguments of one command line are looked at; the rest is noted.
inline constexpr std::size_t kArgumentsMax = 100'000;

/// An option with its value, or an operand. A value is a view into argv or into Parsed::joined.
struct Item {
    const Effect* effect = nullptr;  ///< null: an operand
    std::string_view option;         ///< as spelled in the grammar; borrowed from it
    std::string_view value;
    std::size_t index = 0;  ///< of the argument
};

struct Parsed {
    std::vector<Item> items;
    const Grammar* subcommand = nullptr;  ///< borrowed from the tool
    std::string subcommand_name;
    std::deque<std::string> joined;  ///< values put together from several arguments
    bool cut = false;                ///< there were more than kArgumentsMax
};

/// The option of that long spelling, or the only one it abbreviates; end() of the spellings: none.
std::map<std::string, std::size_t, std::less<>>::const_iterator find_long(const OptionTable& table,
                                                                          std::string_view spelling,
                                                                          LongStyle style);

/// `args[0]` is the program's name. The result borrows from `tool`, `base` and `args`.
Parsed parse_arguments(const Tool& tool,
                       const Grammar& base,
                       std::span<const std::string_view> args);

}  // namespace mailvigil::detect::command

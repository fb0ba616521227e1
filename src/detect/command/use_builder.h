// Parsed arguments to what the command line does with files and with the network.
#pragma once

#include <vector>

#include "detect/command/argument_parser.h"
#include "detect/command/grammar.h"

namespace mailvigil::detect::command {

/// Files and addresses kept for one use; what comes after is counted in `because`.
inline constexpr std::size_t kPathsMax = 1024;
/// Bytes of a value that are shown in `because`.
inline constexpr std::size_t kShownBytesMax = 64;

/// An argument that names another tool, of which what follows are the arguments.
struct ProgramNamed {
    std::size_t index = 0;  ///< of the argument; 0: none
    std::string_view name;
};

ProgramNamed find_program(const Tool& tool, const Parsed& parsed);

/// The uses, most important first. Their `tool` is borrowed from `tool`.
std::vector<CommandUse> build_uses(const Tool& tool, const Parsed& parsed);

}  // namespace mailvigil::detect::command

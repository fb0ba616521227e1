// The commands, one per file of this folder.
#pragma once

#include <span>

#include "cli/command.h"

namespace mailvigil::cli::command {

using cli::Command;

/// All of them, sorted by name.
std::span<const Command* const> roster();

}  // namespace mailvigil::cli::command

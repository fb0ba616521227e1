// The formats, one per file of this folder.
#pragma once

#include <span>

#include "output/format.h"

namespace mailvigil::output::format {

using output::Format;

/// All of them, sorted by name.
std::span<const Format* const> roster();

}  // namespace mailvigil::output::format

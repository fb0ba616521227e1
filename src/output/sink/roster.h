// The sinks, one per file of this folder.
#pragma once

#include <span>

#include "output/sink.h"

namespace mailvigil::output::sink {

using output::Sink;

/// All of them, sorted by name.
std::span<const Sink* const> roster();

}  // namespace mailvigil::output::sink

// The adapters, one per file of this folder.
#pragma once

#include <span>

#include "ingest/adapter.h"

namespace mailvigil::ingest::adapter {

using ingest::Adapter;

/// All of them, sorted by name.
std::span<const Adapter* const> roster();

}  // namespace mailvigil::ingest::adapter

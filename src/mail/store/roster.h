// The store formats, one per file of this folder.
#pragma once

#include <span>

#include "mail/store_format.h"

namespace mailvigil::mail::store {

using mail::StoreFormat;

/// All of them, sorted by name.
std::span<const StoreFormat* const> roster();

}  // namespace mailvigil::mail::store

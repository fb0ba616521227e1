// The analytics, one per file of this folder.
#pragma once

#include <span>

#include "detect/analytic.h"

namespace mailvigil::detect::analytic {

using detect::Analytic;

/// All of them, sorted by name.
std::span<const Analytic* const> roster();

}  // namespace mailvigil::detect::analytic

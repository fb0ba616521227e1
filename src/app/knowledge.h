// Knowledge from the shipped rules and profiles and the site's own.
#pragma once

#include "app/configuration.h"
#include "base/diagnostics.h"
#include "detect/analytic.h"

namespace mailvigil::app {

/// What detection needs to know, with the site's files of `configuration.data` taken in. What is
/// wrong goes to `diagnostics`.
detect::Knowledge load_knowledge(const Configuration& configuration, Diagnostics& diagnostics);

}  // namespace mailvigil::app

// Where content goes: out of this site, or not.
#pragma once

#include <string>
#include <string_view>

#include "detect/command_line.h"
#include "detect/settings.h"

namespace mailvigil::detect::analytic::collection {

/// Whether content that goes there stays here: loopback, the settings' own networks and domains,
/// local recipients. What can't be told (a name, an option file) is taken to be outside.
bool stays_here(const CommandUse& use, const Settings& settings);

/// The same of a connection.
bool stays_here(const IpAddress& address, const Settings& settings);

}  // namespace mailvigil::detect::analytic::collection

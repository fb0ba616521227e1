// Which files of this host are mail configuration, by the patterns of the configuration map.
#pragma once

#include <string>
#include <vector>

#include "mail/configuration_map.h"

namespace mailvigil::app {

/// The regular files that are there and that the map knows as configuration which administrators
/// write: no binaries, nothing in users' homes. Sorted.
std::vector<std::string> configuration_files(const mail::ConfigurationMap& map);

}  // namespace mailvigil::app

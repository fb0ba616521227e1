// The configuration file, /etc/mailvigil/mailvigil.yml: settings of detection and where a site
// keeps its own rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/result.h"
#include "detect/settings.h"

namespace mailvigil::app {

inline constexpr std::string_view kDefaultConfiguration = "/etc/mailvigil/mailvigil.yml";

struct Configuration {
    detect::Settings settings;
    /// Folder with the site's own `rules/` and `profiles/`: a file of the same name replaces the
    /// shipped one, others are added.
    std::string data = "/etc/mailvigil";
};

/// Reads a configuration document. What is wrong in it goes to `diagnostics`; the rest counts.
Configuration parse_configuration(std::string_view text,
                                  std::string_view source,
                                  Diagnostics& diagnostics);

/// The configuration of `path`, or the defaults when none was named and the default file is not
/// there.
Result<Configuration> load_configuration(const std::optional<std::string>& path,
                                         Diagnostics& diagnostics);

/// Whether kDefaultConfiguration is there.
bool default_configuration_exists();

/// A whole small file.
Result<std::string> read_file(const std::string& path);

}  // namespace mailvigil::app

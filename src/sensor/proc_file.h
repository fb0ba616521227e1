// Files of /proc and /sys: small, and gone when their process is.
#pragma once

#include <string>

namespace mailvigil::sensor {

/// At most so much is read of one.
inline constexpr std::size_t kProcFileBytesMax = 4 * 1024 * 1024;

/// Its content; empty where it cannot be read.
std::string read_small_file(const std::string& path);

/// Where the link leads; empty where it cannot be read.
std::string read_link(const std::string& path);

}  // namespace mailvigil::sensor

// What is mounted where: /proc/PID/mountinfo (proc_pid_mountinfo(5)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::sensor {

struct Mount {
    std::uint64_t id = 0;
    std::string device;  ///< major:minor, decimal
    std::string root;    ///< of the file system, what is shown there
    std::string point;
    std::string type;
    std::string source;

    bool operator==(const Mount&) const = default;
};

std::vector<Mount> parse_mounts(std::string_view text);

/// Empty where the file cannot be read.
std::vector<Mount> read_mounts(const std::string& path);

}  // namespace mailvigil::sensor

#include "sensor/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "base/fd.h"

namespace mailvigil::sensor {

std::string read_small_file(const std::string& path) {
    std::string content;
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 16 * 1024> part{};
    while (file && content.size() < kProcFileBytesMax) {
        const ssize_t bytes = ::read(file.number(), part.data(), part.size());
        if (bytes <= 0) {
            break;
        }
        content.append(part.data(), static_cast<std::size_t>(bytes));
    }
    return content;
}

std::string read_link(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t bytes = ::readlink(path.c_str(), target.data(), target.size());
    return bytes <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(bytes));
}

}  // namespace mailvigil::sensor

#include "sensor/user_names.h"

#include <pwd.h>

#include <array>

namespace mailvigil::sensor {

std::string_view UserNames::name(std::uint32_t id) {
    const auto now = std::chrono::steady_clock::now();
    const auto known = names_.find(id);
    if (known != names_.end() && now < known->second.until) {
        return known->second.name;
    }
    if (names_.size() >= kNamesMax) {
        names_.clear();
    }
    std::array<char, 16 * 1024> space{};
    passwd row{};
    passwd* found = nullptr;
    ::getpwuid_r(id, &row, space.data(), space.size(), &found);
    Entry& entry = names_[id];
    entry.name = found == nullptr ? std::string() : std::string(found->pw_name);
    entry.until = now + kKept;
    return entry.name;
}

}  // namespace mailvigil::sensor

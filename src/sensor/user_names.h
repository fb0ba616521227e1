// UserNames: login names of user ids, looked up once in a while: the name service may be slow.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mailvigil::sensor {

class UserNames {
  public:
    static constexpr std::size_t kNamesMax = 16'384;
    static constexpr std::chrono::minutes kKept{5};

    /// Empty: nobody of that id. Valid until the next call.
    std::string_view name(std::uint32_t id);

  private:
    struct Entry {
        std::string name;
        std::chrono::steady_clock::time_point until;
    };

    std::unordered_map<std::uint32_t, Entry> names_;
};

}  // namespace mailvigil::sensor

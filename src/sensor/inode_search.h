// Which watched file an inode is, when the kernel tells no name of it: opened by handle.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sensor/watch_plan.h"

namespace mailvigil::sensor {

enum class InodeSearch : std::uint8_t {
    found,
    elsewhere,  ///< it lies below no watched directory
    given_up,   ///< too many entries were looked at
};

/// Entries of directories that are looked at for one question.
inline constexpr std::size_t kSearchedMax = 400'000;

/// Sets `path` when found; `except` is a name of it that is no answer.
InodeSearch find_by_inode(const PlanBook& plan,
                          const FileKey& key,
                          std::string& path,
                          std::string_view except = {});

}  // namespace mailvigil::sensor

// Name events of fanotify: its bytes, as fanotify(7) has them, taken apart. No calls, no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace mailvigil::sensor {

/// A directory or file by its file system and handle, with the name within the directory.
struct HandleName {
    std::uint64_t file_system = 0;  ///< f_fsid of statfs(2)
    std::string handle;             ///< as open_by_handle_at(2) takes it; empty: not told
    std::string_view name;
};

struct NameEvent {
    std::uint64_t mask = 0;
    std::int32_t pid = 0;
    HandleName place;  ///< where it happened; of a rename the old name
    HandleName moved;  ///< of a rename the new name
    HandleName file;   ///< what it happened to; without a name
};

/// Calls `sink` with each event; the number of events that could not be understood.
std::size_t parse_name_events(std::span<const std::byte> bytes,
                              const std::function<void(const NameEvent&)>& sink);

}  // namespace mailvigil::sensor

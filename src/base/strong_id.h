// StrongId: an integer that names something, so that a pid cannot be passed where a uid is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace mailvigil {

template <class Tag, class Rep>
struct StrongId {
    Rep value{};

    constexpr auto operator<=>(const StrongId&) const = default;
};

using Pid = StrongId<struct PidTag, std::uint32_t>;
using Uid = StrongId<struct UidTag, std::uint32_t>;
/// The audit session id, /proc/PID/sessionid.
using SessionId = StrongId<struct SessionTag, std::uint32_t>;

/// The kernel's "no such id" for loginuid and session: (u32)-1, audit(8).
inline constexpr std::uint32_t kUnset = 0xffffffffU;

}  // namespace mailvigil

template <class Tag, class Rep>
struct std::hash<mailvigil::StrongId<Tag, Rep>> {
    std::size_t operator()(mailvigil::StrongId<Tag, Rep> id) const noexcept {
        return std::hash<Rep>{}(id.value);
    }
};

// Session: one login, from the kernel's LOGIN to the last trace of it: the person behind su, sudo
// and cron.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "lineage/process.h"

namespace mailvigil::lineage {

/// What opened the session.
enum class Entrance : std::uint8_t { unknown, ssh, console, cron, service, other };

struct Session {
    SessionId id{kUnset};
    std::uint32_t login_user = kUnset;
    std::string login_name;
    Entrance entrance = Entrance::unknown;
    std::string entrance_program;  ///< e.g. /usr/sbin/sshd
    std::optional<IpAddress> from;
    std::string terminal;
    Timestamp start{};
    Timestamp seen{};
    std::string start_event;
    Timestamp elevated{};       ///< latest sudo or su within it; zero: none
    std::string elevated_with;  ///< "sudo" or "su"
    ProcessRef latest_parent;   ///< the process of it that last started another

    /// A person sits at it, as opposed to cron and services.
    [[nodiscard]] bool is_interactive() const {
        return entrance == Entrance::ssh || entrance == Entrance::console;
    }
};

}  // namespace mailvigil::lineage

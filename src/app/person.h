// Person: who is behind a record, taken apart for the columns of a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/event.h"

namespace mailvigil::app {

struct Person {
    std::string who;                       ///< "root (operator1, ssh)", "root (cron)", "hr"
    std::string from;                      ///< the address of the session; empty: none is known
    std::optional<std::uint64_t> session;  ///< where the text names it
};

/// Reads what a finding ("root, really operator1 (loginuid 1007, session 12, SSH from 198.51.100.7,
/// sudo 3 min earlier)") or an access ("root (operator1, ssh 198.51.100.7)") says. Anything else is
/// a name.
Person read_person(std::string_view text);

/// What the event's process runs, as a shell takes it; else its program.
std::string command_of(const Event& event);

/// In full: what the event says of the person behind it, else the user's name or id.
std::string who_of(const Event& event);

/// The same for a table; with what the event's own members say.
Person person_of(const Event& event);

}  // namespace mailvigil::app

// Format: how an event is written for somebody else. One per file of output/format/ (roster).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.h"

namespace mailvigil::output {

enum class Colour : std::uint8_t { never, always };

/// What the reader's device can do; formats for programs ignore it.
struct Medium {
    Colour colour = Colour::never;
    std::size_t width = 100;  ///< columns
    bool terminal = false;    ///< what it gets acts on it: control characters are escaped
};

struct Format {
    std::string_view name;     ///< the file's stem
    std::string_view summary;  ///< one line
    bool for_people = false;   ///< a person reads it: only the last word on an incident is wanted
    /// Appends the event, with its final newline. Pure.
    void (*render)(const Event& event, const Medium& medium, std::string& out);
};

/// The format of that name; null: there is none.
const Format* find_format(std::string_view name);

}  // namespace mailvigil::output

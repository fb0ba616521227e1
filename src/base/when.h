// Times as people say them: "yesterday", "2 hours ago", "02:00", "last tuesday".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace mailvigil {

/// A time in any form of parse_timestamp(), or said with regard to `now`: "now", "today",
/// "yesterday", a weekday ("mon", "last tuesday": the latest one), each with a time of day behind
/// it where wanted ("yesterday 14:00"); a time of day ("02:00": the latest one that has been); a
/// span before now ("90m", "2 hours ago"). Days are those of UTC. Absent: none of these.
std::optional<Timestamp> parse_when(std::string_view text, Timestamp now);

/// What to say when parse_when() did not understand `text`.
std::string explain_when(std::string_view text);

}  // namespace mailvigil

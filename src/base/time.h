// Points in time and durations: nanoseconds UTC inside, ISO 8601 and words outside.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mailvigil {

using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;

/// RFC 3339 in UTC with milliseconds: 2026-11-23T02:14:07.120Z.
std::string render_utc(Timestamp time);

/// The same without the fraction: 2026-11-23T02:14:07Z.
std::string render_utc_seconds(Timestamp time);

/// What a person reads: 02:14:07 in UTC.
std::string render_clock(Timestamp time);

/// "12 s", "3 min", "2 h", "4 d": the largest unit that leaves at least 1; "0.6 s" below one
/// second.
std::string render_duration(Duration duration);

/// "90s", "10m", "2h", "1d", "500ms"; a whole number and a unit. Absent: not a duration.
std::optional<Duration> parse_duration(std::string_view text);

/// 2026-11-23, 2026-11-23T02:14, 2026-11-23 02:14:07[.120][Z|+01:00]; without a zone UTC. Absent:
/// not a time.
std::optional<Timestamp> parse_timestamp(std::string_view text);

}  // namespace mailvigil

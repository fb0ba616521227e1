// Moments and amounts as a tired reader takes them in: "today 02:14:07", "yesterday 08:12-17:40",
// "41 kB". Days and clocks are those of UTC.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace mailvigil::output {

/// "today", "yesterday", "2026-11-20".
std::string render_day(Timestamp time, Timestamp now);

/// "today 02:14:07", "today 01:00:02-09", "yesterday 08:12-17:40", "2026-11-20 23:59:01 to
/// 2026-11-21 00:04:10".
std::string render_moment(Timestamp first, Timestamp last, Timestamp now);

/// "2026-11-23 02:14:07Z".
std::string render_day_and_clock(Timestamp time);

/// "0 B", "999 B", "9 kB", "1.1 MB", "23 GB": decimal.
std::string render_bytes(std::uint64_t bytes);

/// "12, 14-17, 30". `numbers` in order.
std::string render_ranges(std::span<const std::uint64_t> numbers);

/// "1 record", "3 records", "2 accesses", "2 histories".
std::string render_count(std::uint64_t count, std::string_view one);

}  // namespace mailvigil::output

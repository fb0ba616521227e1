#include "output/moment.h"

#include <fmt/format.h>

namespace mailvigil::output {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::minutes;

constexpr std::size_t kDayColumns = 10;        // 2026-11-23
constexpr std::size_t kHourMinuteColumns = 5;  // 02:14
constexpr std::size_t kSecondColumn = 6;       // where they stand in 02:14:07

}  // namespace

std::string render_day(Timestamp time, Timestamp now) {
    const auto ago = floor<days>(now) - floor<days>(time);
    if (ago == days(0)) {
        return "today";
    }
    return ago == days(1) ? "yesterday" : render_utc(time).substr(0, kDayColumns);
}

std::string render_moment(Timestamp first, Timestamp last, Timestamp now) {
    const std::string day = render_day(first, now);
    const std::string start = render_clock(first);
    const std::string end = render_clock(last);
    if (floor<days>(first) != floor<days>(last)) {
        return fmt::format("{} {} to {} {}", day, start, render_day(last, now), end);
    }
    if (last <= first || start == end) {
        return fmt::format("{} {}", day, start);
    }
    if (floor<minutes>(first) == floor<minutes>(last)) {
        return fmt::format("{} {}-{}", day, start, end.substr(kSecondColumn));
    }
    return fmt::format(
        "{} {}-{}", day, start.substr(0, kHourMinuteColumns), end.substr(0, kHourMinuteColumns));
}

std::string render_day_and_clock(Timestamp time) {
    return fmt::format("{} {}Z", render_utc(time).substr(0, kDayColumns), render_clock(time));
}

std::string render_bytes(std::uint64_t bytes) {
    if (bytes < 1000) {
        return fmt::format("{} B", bytes);
    }
    constexpr std::string_view kUnits[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    auto amount = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    // 999.5 would be shown as 1000.
    while (amount >= 999.5 && unit + 1 < std::size(kUnits)) {
        amount /= 1000;
        ++unit;
    }
    return amount < 9.95 && unit > 0 ? fmt::format("{:.1f} {}", amount, kUnits[unit])
                                     : fmt::format("{:.0f} {}", amount, kUnits[unit]);
}

std::string render_ranges(std::span<const std::uint64_t> numbers) {
    std::string out;
    for (std::size_t i = 0; i < numbers.size();) {
        std::size_t end = i;
        while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) {
            ++end;
        }
        out += out.empty() ? "" : ", ";
        out += end == i ? fmt::format("{}", numbers[i])
                        : fmt::format("{}-{}", numbers[i], numbers[end]);
        i = end + 1;
    }
    return out;
}

std::string render_count(std::uint64_t count, std::string_view one) {
    if (count == 1) {
        return fmt::format("1 {}", one);
    }
    if (one.ends_with('y')) {
        return fmt::format("{} {}ies", count, one.substr(0, one.size() - 1));
    }
    return fmt::format("{} {}{}", count, one, one.ends_with('s') ? "es" : "s");
}

}  // namespace mailvigil::output

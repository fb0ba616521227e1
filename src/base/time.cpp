#include "base/time.h"

#include <fmt/format.h>

#include <charconv>

namespace mailvigil {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Digits of exactly `width` characters taken off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t width) {
    int value = 0;
    if (text.size() < width) {
        return {};
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + width, value);
    if (error != std::errc{} || end != text.data() + width || text[0] == '-') {
        return {};
    }
    text.remove_prefix(width);
    return value;
}

bool take_character(std::string_view& text, std::string_view one_of) {
    if (text.empty() || !one_of.contains(text[0])) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::optional<nanoseconds> take_fraction(std::string_view& text) {
    std::int64_t value = 0;
    std::int64_t scale = 1'000'000'000;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9' && scale > 1) {
        scale /= 10;
        value += (text[0] - '0') * scale;
        text.remove_prefix(1);
    }
    if (scale == 1'000'000'000) {
        return {};
    }
    return nanoseconds(value);
}

std::optional<nanoseconds> take_zone(std::string_view& text) {
    if (text.empty() || take_character(text, "Zz")) {
        return nanoseconds(0);
    }
    const bool east = text[0] == '+';
    if (!take_character(text, "+-")) {
        return {};
    }
    const auto hour = take_number(text, 2);
    const bool colon = take_character(text, ":");
    const auto minute = take_number(text, 2);
    if (!hour || (!minute && colon)) {
        return {};
    }
    const nanoseconds offset = hours(*hour) + minutes(minute.value_or(0));
    return east ? offset : -offset;
}

std::optional<nanoseconds> take_time_of_day(std::string_view& text) {
    const auto hour = take_number(text, 2);
    if (!hour || *hour > 23 || !take_character(text, ":")) {
        return {};
    }
    const auto minute = take_number(text, 2);
    if (!minute || *minute > 59) {
        return {};
    }
    nanoseconds time = hours(*hour) + minutes(*minute);
    if (take_character(text, ":")) {
        const auto second = take_number(text, 2);
        if (!second || *second > 59) {
            return {};
        }
        time += seconds(*second);
        if (take_character(text, ".")) {
            const auto fraction = take_fraction(text);
            if (!fraction) {
                return {};
            }
            time += *fraction;
        }
    }
    return time;
}

}  // namespace

std::string render_utc(Timestamp time) {
    const auto day = floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(floor<milliseconds>(time - day));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                       int(date.year()),
                       unsigned(date.month()),
                       unsigned(date.day()),
                       clock.hours().count(),
                       clock.minutes().count(),
                       clock.seconds().count(),
                       clock.subseconds().count());
}

std::string render_utc_seconds(Timestamp time) {
    return render_utc(time).substr(0, std::string_view("2026-11-23T02:14:07").size()) + "Z";
}

std::string render_clock(Timestamp time) {
    const std::chrono::hh_mm_ss clock(floor<seconds>(time - floor<days>(time)));
    return fmt::format("{:02}:{:02}:{:02}",
                       clock.hours().count(),
                       clock.minutes().count(),
                       clock.seconds().count());
}

std::string render_duration(Duration duration) {
    const auto whole = [&](auto unit) { return duration / unit; };
    if (duration < seconds(10)) {
        const double count = std::chrono::duration<double>(duration).count();
        return duration < milliseconds(50) ? "0 s" : fmt::format("{:.1f} s", count);
    }
    if (duration < minutes(2)) {
        return fmt::format("{} s", whole(seconds(1)));
    }
    if (duration < hours(2)) {
        return fmt::format("{} min", whole(minutes(1)));
    }
    if (duration < days(2)) {
        return fmt::format("{} h", whole(hours(1)));
    }
    return fmt::format("{} d", whole(days(1)));
}

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) {
        return {};
    }
    const std::string_view unit(end, text.data() + text.size());
    const auto scaled = [&](nanoseconds one) -> std::optional<Duration> {
        if (count > nanoseconds::max() / one) {
            return {};
        }
        return one * count;
    };
    if (unit == "ms") {
        return scaled(milliseconds(1));
    }
    if (unit == "s") {
        return scaled(seconds(1));
    }
    if (unit == "m" || unit == "min") {
        return scaled(minutes(1));
    }
    if (unit == "h") {
        return scaled(hours(1));
    }
    if (unit == "d") {
        return scaled(days(1));
    }
    return {};
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    const auto year = take_number(text, 4);
    if (!year || !take_character(text, "-")) {
        return {};
    }
    const auto month = take_number(text, 2);
    if (!month || !take_character(text, "-")) {
        return {};
    }
    const auto day = take_number(text, 2);
    if (!day) {
        return {};
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *year < 1970 || *year > 2200) {
        return {};
    }
    Timestamp time = std::chrono::sys_days(date);
    if (text.empty()) {
        return time;
    }
    if (!take_character(text, "T ")) {
        return {};
    }
    const auto clock = take_time_of_day(text);
    const auto zone = clock ? take_zone(text) : std::nullopt;
    if (!zone || !text.empty()) {
        return {};
    }
    return time + *clock - *zone;
}

}  // namespace mailvigil

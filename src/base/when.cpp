#include "base/when.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace mailvigil {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kTextMax = 64;
constexpr std::string_view kWeekdays[] = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
constexpr std::size_t kWeekdayLettersMin = 3;

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        if (!word.empty()) {
            words.push_back(word);
        }
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return words;
}

/// "02:00", "02:00:07", as long since midnight.
std::optional<Duration> parse_clock(std::string_view text) {
    if (text.size() < 5 || text[2] != ':') {
        return {};
    }
    // The parser of whole timestamps knows what a time of day is; zones are not for this form.
    if (text.find_first_not_of("0123456789:") != std::string_view::npos) {
        return {};
    }
    const auto whole = parse_timestamp(fmt::format("1970-01-01T{}", text));
    return whole ? std::optional(whole->time_since_epoch()) : std::nullopt;
}

/// How many days before today; absent: no name of a day.
std::optional<days> parse_day(std::string_view text, bool before_today, Timestamp now) {
    if (!before_today && text == "today") {
        return days(0);
    }
    if (!before_today && text == "yesterday") {
        return days(1);
    }
    const auto* named = std::ranges::find_if(kWeekdays, [&](std::string_view weekday) {
        return text.size() >= kWeekdayLettersMin && weekday.starts_with(text);
    });
    if (named == std::end(kWeekdays)) {
        return {};
    }
    const auto wanted = static_cast<unsigned>(named - std::begin(kWeekdays));
    const unsigned today = std::chrono::weekday(floor<days>(now)).c_encoding();
    const unsigned back = (today + 7 - wanted) % 7;
    return days(before_today && back == 0 ? 7 : back);
}

std::optional<Duration> parse_unit(std::string_view word) {
    constexpr std::pair<std::string_view, seconds> kUnits[] = {{"second", seconds(1)},
                                                               {"sec", seconds(1)},
                                                               {"minute", minutes(1)},
                                                               {"min", minutes(1)},
                                                               {"hour", hours(1)},
                                                               {"day", days(1)},
                                                               {"week", days(7)}};
    if (word.ends_with('s')) {
        word.remove_suffix(1);
    }
    for (const auto& [name, length] : kUnits) {
        if (word == name) {
            return length;
        }
    }
    return {};
}

/// "90m", "90m ago", "2 hours", "an hour ago".
std::optional<Duration> parse_span(std::vector<std::string_view> words) {
    if (words.size() > 1 && words.back() == "ago") {
        words.pop_back();
    }
    if (words.size() == 1) {
        return parse_duration(words[0]);
    }
    if (words.size() != 2) {
        return {};
    }
    const auto unit = parse_unit(words[1]);
    std::uint32_t count = 1;
    if (words[0] != "a" && words[0] != "an") {
        const char* end = words[0].data() + words[0].size();
        const auto [stop, error] = std::from_chars(words[0].data(), end, count);
        // More weeks than this do not fit into nanoseconds.
        if (error != std::errc{} || stop != end || count > 10'000) {
            return {};
        }
    }
    return unit ? std::optional(*unit * count) : std::nullopt;
}

}  // namespace

std::optional<Timestamp> parse_when(std::string_view text, Timestamp now) {
    if (const auto time = parse_timestamp(text)) {
        return time;
    }
    if (text.empty() || text.size() > kTextMax) {
        return {};
    }
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    });
    std::vector<std::string_view> words = words_of(lower);
    if (words.size() == 1 && words[0] == "now") {
        return now;
    }
    const Timestamp midnight = floor<days>(now);
    if (const auto span = parse_span(words)) {
        return *span <= now.time_since_epoch() ? std::optional(now - *span) : std::nullopt;
    }
    const bool last = words.size() > 1 && words[0] == "last";
    if (last) {
        words.erase(words.begin());
    }
    if (words.empty() || words.size() > 2) {
        return {};
    }
    const auto clock = parse_clock(words.back());
    if (words.size() == 1 && clock && !last) {
        const Timestamp today = midnight + *clock;
        return today <= now ? today : today - days(1);
    }
    const auto day = parse_day(words[0], last, now);
    if (!day || (words.size() == 2 && !clock)) {
        return {};
    }
    return midnight - *day + clock.value_or(Duration(0));
}

std::string explain_when(std::string_view text) {
    return fmt::format(
        "\"{}\" is no time such as yesterday, \"2 hours ago\", 90m, 02:00, mon, 2026-11-23 or "
        "2026-11-23T02:00:00Z",
        text);
}

}  // namespace mailvigil

#include "event/canonical_value.h"

#include <array>
#include <charconv>
#include <cstring>

namespace mailvigil {

namespace {

/// Two digits of every number below 100.
constexpr std::array<char, 200> kTwoDigits = [] {
    std::array<char, 200> digits{};
    for (unsigned i = 0; i < 100; ++i) {
        digits[2 * i] = static_cast<char>('0' + i / 10);
        digits[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return digits;
}();

char* two_digits(unsigned number, char* to) {
    std::memcpy(to, kTwoDigits.data() + std::size_t{2} * number, 2);
    return to + 2;
}

/// Dotted quad without needless zeroes.
std::optional<IpAddress> parse_v4(std::string_view text) {
    std::uint32_t bits = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (unsigned i = 0; i < 4; ++i) {
        std::uint8_t byte = 0;
        const auto [behind, error] = std::from_chars(at, end, byte);
        const bool ends_right = i == 3 ? behind == end : behind != end && *behind == '.';
        if (error != std::errc{} || !ends_right || (*at == '0' && behind != at + 1)) {
            return {};
        }
        bits = bits << 8U | byte;
        at = behind + 1;
    }
    return IpAddress::v4(bits);
}

}  // namespace

void render_canonical_time(Timestamp time, char* at) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    // Of the first day that a Timestamp knows, the midnight is out of its range.
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    const auto of_day = static_cast<unsigned>((second - day).count());
    auto nanoseconds = static_cast<unsigned>(
        (time.time_since_epoch().count() % 1'000'000'000 + 1'000'000'000) % 1'000'000'000);
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    at = two_digits(year / 100, at);
    at = two_digits(year % 100, at);
    *at++ = '-';
    at = two_digits(static_cast<unsigned>(date.month()), at);
    *at++ = '-';
    at = two_digits(static_cast<unsigned>(date.day()), at);
    *at++ = 'T';
    at = two_digits(of_day / 3600, at);
    *at++ = ':';
    at = two_digits(of_day / 60 % 60, at);
    *at++ = ':';
    at = two_digits(of_day % 60, at);
    *at++ = '.';
    *at++ = static_cast<char>('0' + nanoseconds / 100'000'000);
    nanoseconds %= 100'000'000;
    for (unsigned unit = 1'000'000; unit != 0; unit /= 100) {
        at = two_digits(nanoseconds / unit % 100, at);
    }
    *at = 'Z';
}

std::optional<Timestamp> parse_canonical_time(std::string_view text) {
    constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
    if (text.size() != kForm.size()) {
        return {};
    }
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        if (kForm[i] == 'd' ? !is_decimal_digit(text[i]) : text[i] != kForm[i]) {
            return {};
        }
    }
    const auto number = [&](std::size_t from, std::size_t digits) {
        unsigned value = 0;
        for (const char c : text.substr(from, digits)) {
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        return value;
    };
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number(0, 4))),
                                           std::chrono::month(number(5, 2)),
                                           std::chrono::day(number(8, 2)));
    const unsigned hour = number(11, 2);
    const unsigned minute = number(14, 2);
    const unsigned second = number(17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
        return {};
    }
    const std::int64_t day = std::chrono::sys_days(date).time_since_epoch().count();
    std::int64_t seconds = day * 86'400 + hour * 3'600 + minute * 60 + second;
    std::int64_t fraction = number(20, 9);
    if (seconds < 0) {  // towards 0, so that the earliest Timestamp is not overrun on the way
        ++seconds;
        fraction -= 1'000'000'000;
    }
    std::int64_t count = 0;
    if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &count) ||
        __builtin_add_overflow(count, fraction, &count)) {
        return {};
    }
    return Timestamp(std::chrono::nanoseconds(count));
}

std::size_t render_v4(const IpAddress& address, char* to) {
    // By hand: behind std::to_chars GCC 12 believes that the next byte may be out of bounds.
    char* at = to;
    for (std::size_t i = 12; i < 16; ++i) {
        const unsigned byte = address.bytes[i];
        if (byte >= 100) {
            *at++ = static_cast<char>('0' + byte / 100);
        }
        if (byte >= 10) {
            *at++ = static_cast<char>('0' + byte / 10 % 10);
        }
        *at++ = static_cast<char>('0' + byte % 10);
        *at++ = '.';
    }
    return static_cast<std::size_t>(at - 1 - to);
}

std::optional<IpAddress> parse_canonical_address(std::string_view text) {
    if (const auto v4 = parse_v4(text)) {
        return v4;
    }
    const auto address = parse_address(text);
    if (!address || render(*address) != text) {
        return {};
    }
    return address;
}

}  // namespace mailvigil

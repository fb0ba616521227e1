// Single values in the canonical text of an event: each has exactly one way to be written, and what
// is written another way is not read.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "base/time.h"

namespace mailvigil {

constexpr bool is_decimal_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Whether every reader of JSON gets just this number: RFC 8785 has all numbers as doubles.
template <std::integral Number>
constexpr bool is_safe_number(Number number) {
    constexpr Number kMax = (Number{1} << 53U) - 1;
    if constexpr (std::signed_integral<Number>) {
        return number >= -kMax && number <= kMax;
    } else {
        return number <= kMax;
    }
}

inline constexpr std::size_t kCanonicalTimeSize = 30;

/// YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ in UTC. Every Timestamp is of a year with four digits.
void render_canonical_time(Timestamp time, char* at);

std::optional<Timestamp> parse_canonical_time(std::string_view text);

/// Room for a dotted quad and the dot that is written behind it.
inline constexpr std::size_t kV4TextMax = 16;

/// The size of the dotted quad.
std::size_t render_v4(const IpAddress& address, char* to);

/// A dotted quad, or an IPv6 address as render() writes it.
std::optional<IpAddress> parse_canonical_address(std::string_view text);

}  // namespace mailvigil

// IpAddress: IPv4 (as ::ffff:a.b.c.d) or IPv6, 16 bytes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailvigil {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    static IpAddress v4(std::uint32_t host_order);

    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] bool is_loopback() const;
    [[nodiscard]] bool is_unspecified() const;

    auto operator<=>(const IpAddress&) const = default;
};

std::optional<IpAddress> parse_address(std::string_view text);

/// Dotted quad for IPv4, RFC 5952 form for IPv6.
std::string render(const IpAddress& address);

/// A network such as 192.0.2.0/24 or 2001:db8::/32; a bare address is a network of one.
struct Network {
    IpAddress base;
    unsigned prefix_bits = 128;  ///< of the 128-bit form

    [[nodiscard]] bool contains(const IpAddress& address) const;
};

std::optional<Network> parse_network(std::string_view text);

}  // namespace mailvigil

#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mailvigil {

namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
    IpAddress address;
    std::ranges::copy(kV4Prefix, address.bytes.begin());
    for (unsigned i = 0; i < 4; ++i) {
        address.bytes[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    }
    return address;
}

bool IpAddress::is_v4() const {
    return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

bool IpAddress::is_loopback() const {
    if (is_v4()) {
        return bytes[12] == 127;
    }
    return std::all_of(bytes.begin(), bytes.end() - 1, [](auto b) { return b == 0; }) &&
           bytes[15] == 1;
}

bool IpAddress::is_unspecified() const {
    const auto from = is_v4() ? bytes.begin() + 12 : bytes.begin();
    return std::all_of(from, bytes.end(), [](auto b) { return b == 0; });
}

std::optional<IpAddress> parse_address(std::string_view text) {
    const std::string terminated(text);
    in_addr v4{};
    if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
        return IpAddress::v4(ntohl(v4.s_addr));
    }
    IpAddress address;
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
        return address;
    }
    return {};
}

std::string render(const IpAddress& address) {
    char text[INET6_ADDRSTRLEN];
    const bool v4 = address.is_v4();
    inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes.data() + (v4 ? 12 : 0), text, sizeof text);
    return text;
}

bool Network::contains(const IpAddress& address) const {
    const unsigned whole = prefix_bits / 8;
    const unsigned rest = prefix_bits % 8;
    if (!std::equal(base.bytes.begin(), base.bytes.begin() + whole, address.bytes.begin())) {
        return false;
    }
    if (rest == 0) {
        return true;
    }
    const unsigned mask = 0xffU << (8 - rest);
    return ((base.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) {
        return {};
    }
    if (slash == std::string_view::npos) {
        return Network{*address, 128};
    }
    const std::string_view digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const unsigned widest = address->is_v4() ? 32 : 128;
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > widest) {
        return {};
    }
    return Network{*address, address->is_v4() ? bits + 96 : bits};
}

}  // namespace mailvigil

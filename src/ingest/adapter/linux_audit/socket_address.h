// struct sockaddr as the SOCKADDR record holds it, after its hex is decoded.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/address.h"

namespace mailvigil::ingest::adapter::audit_log {

struct SocketAddress {
    std::string_view family;  ///< "inet", "inet6", "unix"; empty: another family, or cut off
    IpAddress ip;
    std::uint16_t port = 0;
    std::string_view path;  ///< of a unix socket; borrowed
    bool abstract = false;  ///< the path is a name in the abstract namespace
};

/// `bytes`: the raw structure, family in host order of a little-endian machine first (ip(7),
/// ipv6(7), unix(7)).
SocketAddress parse_socket_address(std::string_view bytes);

}  // namespace mailvigil::ingest::adapter::audit_log

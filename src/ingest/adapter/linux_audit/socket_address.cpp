#include "ingest/adapter/linux_audit/socket_address.h"

#include <sys/socket.h>

#include <algorithm>

namespace mailvigil::ingest::adapter::audit_log {

SocketAddress parse_socket_address(std::string_view bytes) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    if (bytes.size() < 2) {
        return {};
    }
    SocketAddress address;
    const std::uint32_t family = byte(0) | (byte(1) << 8U);
    if (family == AF_INET && bytes.size() >= 8) {
        address.family = "inet";
        address.port = static_cast<std::uint16_t>((byte(2) << 8U) | byte(3));
        address.ip = IpAddress::v4((byte(4) << 24U) | (byte(5) << 16U) | (byte(6) << 8U) | byte(7));
    } else if (family == AF_INET6 && bytes.size() >= 24) {
        address.family = "inet6";
        address.port = static_cast<std::uint16_t>((byte(2) << 8U) | byte(3));
        for (std::size_t i = 0; i < 16; ++i) {
            address.ip.bytes[i] = static_cast<std::uint8_t>(byte(8 + i));
        }
    } else if (family == AF_UNIX) {
        address.family = "unix";
        const std::string_view path = bytes.substr(2);
        address.abstract = path.size() > 1 && path[0] == '\0' && path[1] != '\0';
        address.path = path.substr(address.abstract ? 1 : 0);
        address.path = address.path.substr(0, address.path.find('\0'));
    }
    return address;
}

}  // namespace mailvigil::ingest::adapter::audit_log

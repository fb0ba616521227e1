// Base64 (RFC 4648 section 4, padded, strict) and hexadecimal text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mailvigil {

std::string render_base64(std::string_view bytes);

/// Absent: not canonical base64 (bad character, wrong padding, bits beyond the last byte set).
std::optional<std::string> decode_base64(std::string_view text);

/// Lower case.
std::string render_hex(std::string_view bytes);

/// Absent: odd length or a character that is no hexadecimal digit.
std::optional<std::string> decode_hex(std::string_view text);

/// The bytes of a container of octets as text.
inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace mailvigil

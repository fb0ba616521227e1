#include "base/base64.h"

#include <array>

namespace mailvigil {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::uint8_t kNoSymbol = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNoSymbol);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> kValues = make_values();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

std::uint8_t value_at(std::string_view text, std::size_t at) {
    return kValues[static_cast<unsigned char>(text[at])];
}

/// The `count` (1 to 3) bytes of the four characters at `at`; false: not canonical.
bool decode_quad(std::string_view text, std::size_t at, std::size_t count, std::string& out) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i <= count; ++i) {
        const std::uint8_t value = value_at(text, at + i);
        if (value == kNoSymbol) {
            return false;
        }
        bits |= std::uint32_t{value} << (18U - 6U * static_cast<unsigned>(i));
    }
    // Bits behind the last byte: another text for the same bytes, which RFC 4648 section 3.5 lets
    // a decoder refuse.
    if ((bits & (0xFFFFFFU >> (8U * static_cast<unsigned>(count)))) != 0) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        out += static_cast<char>(bits >> (16U - 8U * static_cast<unsigned>(i)) & 0xFFU);
    }
    return true;
}

std::optional<unsigned> hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return static_cast<unsigned>(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return static_cast<unsigned>(digit - 'a') + 10U;
    }
    if (digit >= 'A' && digit <= 'F') {
        return static_cast<unsigned>(digit - 'A') + 10U;
    }
    return std::nullopt;
}

}  // namespace

std::string render_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t at = 0;
    for (; at + 3 <= bytes.size(); at += 3) {
        const std::uint32_t bits =
            byte_at(bytes, at) << 16U | byte_at(bytes, at + 1) << 8U | byte_at(bytes, at + 2);
        for (const unsigned shift : {18U, 12U, 6U, 0U}) {
            text += kAlphabet[bits >> shift & 63U];
        }
    }
    const std::size_t left = bytes.size() - at;
    if (left != 0) {
        const std::uint32_t bits =
            byte_at(bytes, at) << 16U | (left == 2 ? byte_at(bytes, at + 1) << 8U : 0U);
        text += kAlphabet[bits >> 18U & 63U];
        text += kAlphabet[bits >> 12U & 63U];
        text += left == 2 ? kAlphabet[bits >> 6U & 63U] : '=';
        text += '=';
    }
    return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t at = 0; at < text.size(); at += 4) {
        std::size_t count = 3;
        if (at + 4 == text.size() && text.ends_with('=')) {
            count = text.ends_with("==") ? 1 : 2;
        }
        if (!decode_quad(text, at, count, bytes)) {
            return std::nullopt;
        }
    }
    return bytes;
}

std::string render_hex(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        text += kDigits[byte_at(bytes, at) >> 4U];
        text += kDigits[byte_at(bytes, at) & 15U];
    }
    return text;
}

std::optional<std::string> decode_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t at = 0; at < text.size(); at += 2) {
        const auto high = hex_value(text[at]);
        const auto low = hex_value(text[at + 1]);
        if (!high || !low) {
            return std::nullopt;
        }
        bytes += static_cast<char>(*high << 4U | *low);
    }
    return bytes;
}

}  // namespace mailvigil

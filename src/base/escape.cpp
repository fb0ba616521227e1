#include "base/escape.h"

#include <fmt/format.h>

#include <cstdint>

namespace mailvigil {

namespace {

struct Sequence {
    std::size_t length = 0;  ///< 0: not valid UTF-8 here
    std::uint32_t code = 0;
};

// RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
Sequence decode_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) {
        return {1, lead};
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
        return {};
    }
    std::uint32_t code = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) {
            return {};
        }
        code = (code << 6U) | (byte(i) & 0x3fU);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return {};
    }
    return {length, code};
}

bool reorders_or_hides(std::uint32_t code) {
    return (code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x7f;
}

}  // namespace

std::string escape_for_terminal(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text[0]);
        const Sequence sequence = decode_utf8(text);
        if (is_plain(c)) {
            out += text[0];
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (sequence.length <= 1) {
            out += fmt::format("\\x{:02x}", c);
        } else if (reorders_or_hides(sequence.code)) {
            out += fmt::format("\\u{{{:04x}}}", sequence.code);
        } else {
            out += text.substr(0, sequence.length);
        }
        text.remove_prefix(sequence.length == 0 ? 1 : sequence.length);
    }
    return out;
}

std::string to_valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Sequence sequence = decode_utf8(text);
        out += sequence.length == 0 ? std::string_view("\xEF\xBF\xBD")
                                    : text.substr(0, sequence.length);
        text.remove_prefix(sequence.length == 0 ? 1 : sequence.length);
    }
    return out;
}

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const Sequence sequence = decode_utf8(text);
        if (sequence.length == 0) {
            return false;
        }
        text.remove_prefix(sequence.length);
    }
    return true;
}

std::string shell_quote(std::string_view argument) {
    constexpr std::string_view kSafe =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%^";
    if (!argument.empty() && argument.find_first_not_of(kSafe) == std::string_view::npos) {
        return std::string(argument);
    }
    std::string out = "'";
    for (const char c : argument) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    out += '\'';
    return out;
}

}  // namespace mailvigil

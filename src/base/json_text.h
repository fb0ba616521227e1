// What reading and writing of JSON strings have in common: which bytes cannot stand for themselves,
// eight of them looked at in one step.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace mailvigil {

static_assert(std::endian::native == std::endian::little, "the first byte is the lowest one");

/// Eight bytes from `at` as one number, the first byte lowest.
inline std::uint64_t load_eight(const char* at) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, sizeof eight);
    return eight;
}

/// Not 0 if one of the eight bytes is '"', '\\', a control character or not ASCII; its lowest set
/// bit is then in the first such byte. Higher bits may be set without reason (borrows).
constexpr std::uint64_t special_json_bytes(std::uint64_t eight) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    const std::uint64_t quote = eight ^ (kOnes * '"');
    const std::uint64_t backslash = eight ^ (kOnes * '\\');
    return (eight | ((eight - kOnes * ' ') & ~eight) | ((quote - kOnes) & ~quote) |
            ((backslash - kOnes) & ~backslash)) &
           kHighBits;
}

/// The same of one byte.
constexpr bool is_special_in_json(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return code < ' ' || code >= 0x80 || code == '"' || code == '\\';
}

struct JsonStringEnd {
    const char* at = nullptr;  ///< the closing quote, or where it went wrong
    std::string_view problem;  ///< empty: none
    bool has_escapes = false;
};

/// Finds the end of the string whose first byte behind the opening quote is `start`, in a text with
/// eight zero bytes behind it. The string must be as RFC 8785 writes it: valid UTF-8, and only
/// those escapes that are needed, in their shortest form.
JsonStringEnd find_json_string_end(const char* start);

/// Undoes the escapes in place, of what find_json_string_end() found good.
std::string_view unescape_json(std::span<char> text);

}  // namespace mailvigil

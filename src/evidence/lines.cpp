#include "evidence/lines.h"

#include <algorithm>
#include <charconv>

#include "base/base64.h"

namespace mailvigil::evidence {

std::optional<std::string_view> take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    return number;
}

std::optional<Hash> parse_hash(std::string_view text) {
    const auto bytes = decode_base64(text);
    Hash hash;
    if (!bytes || bytes->size() != hash.size()) {
        return std::nullopt;
    }
    std::ranges::transform(
        *bytes, hash.begin(), [](char byte) { return static_cast<std::uint8_t>(byte); });
    return hash;
}

std::string render_hash(const Hash& hash) {
    return render_base64(as_text(hash));
}

std::optional<std::vector<Hash>> take_hashes(std::string_view& rest, std::size_t count_max) {
    std::vector<Hash> hashes;
    while (true) {
        const auto line = take_line(rest);
        if (line && line->empty()) {
            return hashes;
        }
        const auto hash = line ? parse_hash(*line) : std::nullopt;
        if (!hash || hashes.size() == count_max) {
            return std::nullopt;
        }
        hashes.push_back(*hash);
    }
}

}  // namespace mailvigil::evidence

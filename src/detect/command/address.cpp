#include "detect/command/address.h"

#include <algorithm>
#include <string>

namespace mailvigil::detect::command {

namespace {

constexpr std::size_t kTypeBytesMax = 32;

}  // namespace

AddressReading find_address(const Tool& tool, std::string_view text) {
    const std::size_t colon = std::min(text.find(':'), text.find(','));
    std::string type;
    for (const char c : text.substr(0, std::min(colon, kTypeBytesMax))) {
        type += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    const bool has_value = colon < text.size() && text[colon] == ':';
    std::string_view value = has_value ? text.substr(colon + 1) : std::string_view();
    // A word with a slash before any colon is a file, as socat's GOPEN takes it.
    if (type.find('/') != std::string::npos) {
        type = "GOPEN";
        value = text;
    }
    const auto at = tool.addresses.find(type);
    if (at == tool.addresses.end()) {
        return {};
    }
    return {&at->second, value.substr(0, value.find(','))};
}

}  // namespace mailvigil::detect::command

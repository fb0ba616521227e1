#include "output/columns.h"

#include <algorithm>

namespace mailvigil::output {

std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string_view take_line(std::string_view& text, std::size_t columns) {
    std::size_t at = 0;
    std::size_t used = 0;
    std::size_t space = 0;
    while (at < text.size() && used < columns) {
        if (text[at] == ' ') {
            space = at;
        }
        ++at;
        while (at < text.size() && (text[at] & 0xc0) == 0x80) {
            ++at;
        }
        ++used;
    }
    std::size_t end = at;
    if (at < text.size() && text[at] != ' ' && space > 0) {
        end = space;
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    return line;
}

}  // namespace mailvigil::output

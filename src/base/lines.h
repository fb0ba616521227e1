// Lines of a text that somebody else wrote.
#pragma once

#include <algorithm>
#include <string_view>

namespace mailvigil {

/// Takes the next line off `text`, without its newline, which the last one need not have.
inline std::string_view next_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

}  // namespace mailvigil

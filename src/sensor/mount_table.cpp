#include "sensor/mount_table.h"

#include <charconv>

#include "sensor/proc_file.h"

namespace mailvigil::sensor {

namespace {

/// Blanks and the like are written as \040.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) {
            return at < text.size() && text[at] >= '0' && text[at] <= '7';
        };
        if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
            plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                       (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::string_view next_word(std::string_view& line) {
    const std::size_t end = line.find(' ');
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    return word;
}

}  // namespace

std::vector<Mount> parse_mounts(std::string_view text) {
    std::vector<Mount> mounts;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        Mount mount;
        const std::string_view id = next_word(line);
        std::from_chars(id.data(), id.data() + id.size(), mount.id);
        next_word(line);
        mount.device = next_word(line);
        mount.root = unescape(next_word(line));
        mount.point = unescape(next_word(line));
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos || mount.point.empty()) {
            continue;
        }
        line.remove_prefix(dash + 3);
        mount.type = next_word(line);
        mount.source = unescape(next_word(line));
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

std::vector<Mount> read_mounts(const std::string& path) {
    return parse_mounts(read_small_file(path));
}

}  // namespace mailvigil::sensor

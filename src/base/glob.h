// Shell patterns over one path component or over a whole path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailvigil {

/// Whether `text` matches `pattern`: `*` any run of characters, `?` one, `[a-z]` a class, `\x` the
/// character x. A `/` is a character like any other. Linear in text times pattern at worst; never
/// recurses.
bool glob_match(std::string_view pattern, std::string_view text);

/// glob_match of a path, where `*` and `?` stop at `/` and `**` does not.
bool path_match(std::string_view pattern, std::string_view path);

/// A pattern of path_match that is asked often: what stands before its first special character is
/// compared first, which settles nearly every question.
class PathPattern {
  public:
    explicit PathPattern(std::string pattern);

    [[nodiscard]] bool matches(std::string_view path) const {
        return path.starts_with(std::string_view(pattern_).substr(0, literal_bytes_)) &&
               (literal_bytes_ == pattern_.size() ? path.size() == literal_bytes_
                                                  : path_match(pattern_, path));
    }

    [[nodiscard]] const std::string& text() const { return pattern_; }

  private:
    std::string pattern_;
    std::size_t literal_bytes_;
};

std::vector<PathPattern> path_patterns(const std::vector<std::string>& texts);

/// Whether any of the patterns matches a path; an empty path matches none.
bool any_match(const std::vector<PathPattern>& patterns, std::string_view path);

/// Whether the pattern has any of the special characters.
bool has_wildcard(std::string_view pattern);

}  // namespace mailvigil

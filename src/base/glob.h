// Shell patterns over one path component or over a whole path.
#pragma once

#include <string_view>

namespace mailvigil {

/// Whether `text` matches `pattern`: `*` any run of characters, `?` one, `[a-z]` a class, `\x` the
/// character x. A `/` is a character like any other. Linear in text times pattern at worst; never
/// recurses.
bool glob_match(std::string_view pattern, std::string_view text);

/// glob_match of a path, where `*` and `?` stop at `/` and `**` does not.
bool path_match(std::string_view pattern, std::string_view path);

/// Whether the pattern has any of the special characters.
bool has_wildcard(std::string_view pattern);

}  // namespace mailvigil

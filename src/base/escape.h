// Hostile bytes made visible, once, at rendering.
#pragma once

#include <string>
#include <string_view>

namespace mailvigil {

/// `text` with control characters, DEL, invalid UTF-8 and bidirectional overrides as \n, \t, \xHH
/// or \u{HHHH}; the rest unchanged. Safe to print on a terminal; keeps one line one line.
std::string escape_for_terminal(std::string_view text);

/// `text` as valid UTF-8: every byte that is not part of a valid sequence becomes U+FFFD.
std::string to_valid_utf8(std::string_view text);

/// Whether all of `text` is UTF-8 as RFC 3629 has it: no surrogates, no longer forms than needed.
bool is_valid_utf8(std::string_view text);

/// An argument vector as a shell would take it: arguments with anything but safe characters stand
/// in single quotes.
std::string shell_quote(std::string_view argument);

}  // namespace mailvigil

// What the text formats of C2SP share: lines, decimal numbers and hashes, each in one spelling
// only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/merkle.h"

namespace mailvigil::evidence {

/// Takes the next line off `rest`, without its newline. Absent, and nothing taken: no newline left.
std::optional<std::string_view> take_line(std::string_view& rest);

/// ASCII decimal without leading zeros. Absent: anything else, or beyond 64 bits.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

/// 32 bytes of base64. Absent: anything else.
std::optional<Hash> parse_hash(std::string_view text);
std::string render_hash(const Hash& hash);

/// Takes lines of one hash each off `rest`, up to the empty line and with it. Absent: a line that
/// is no hash, more than `count_max`, or no empty line.
std::optional<std::vector<Hash>> take_hashes(std::string_view& rest, std::size_t count_max);

}  // namespace mailvigil::evidence

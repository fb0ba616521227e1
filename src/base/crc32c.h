// CRC-32C (Castagnoli; RFC 3720 appendix B.4): finds accidents, proves nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace mailvigil {

/// The check of `bytes`; `before` is the check of what came before them, so that
/// crc32c(b, crc32c(a)) is that of a and b together.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace mailvigil

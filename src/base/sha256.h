// SHA-256 (FIPS 180-4) over OpenSSL's block function.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace mailvigil {

using Sha256 = std::array<std::uint8_t, 32>;

/// Of the concatenation of `prefix` and `bytes`; `prefix` may be empty.
Sha256 sha256(std::string_view bytes, std::string_view prefix = {});

/// Of bytes that come piece by piece.
class Sha256Stream {
  public:
    Sha256Stream();
    void update(std::string_view bytes);
    /// Of everything so far; the stream must not be used afterwards.
    [[nodiscard]] Sha256 finish();

  private:
    alignas(8) std::array<unsigned char, 128> state_{};  ///< SHA256_CTX
};

}  // namespace mailvigil

// The low-level calls are deprecated in favour of EVP, whose set-up costs more than hashing a
// record does; they are the same code underneath.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/sha256.h"

#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace mailvigil {

namespace {

/// One bit and the message's length behind every message.
constexpr std::size_t kPaddingMin = 1 + 8;
/// Longer messages are hashed where they lie.
constexpr std::size_t kShortBlocks = 16;

SHA256_CTX& context(void* state) {
    return *static_cast<SHA256_CTX*>(state);
}

/// What a context came to behind whole blocks.
Sha256 digest_of(const SHA256_CTX& state) {
    Sha256 digest;
    for (std::size_t i = 0; i < std::size(state.h); ++i) {
        std::uint32_t word = state.h[i];
        if constexpr (std::endian::native == std::endian::little) {
            word = __builtin_bswap32(word);
        }
        std::memcpy(&digest[i * sizeof word], &word, sizeof word);
    }
    return digest;
}

/// Lays out the whole message with its padding (FIPS 180-4 section 5.1.1), so that nothing but one
/// call of the block function remains: piece by piece, a record takes three.
Sha256 sha256_at_once(std::string_view bytes, std::string_view prefix) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
    std::array<unsigned char, kShortBlocks * SHA256_CBLOCK> message;
    const std::size_t size = prefix.size() + bytes.size();
    const std::size_t end =
        (size + kPaddingMin + SHA256_CBLOCK - 1) / SHA256_CBLOCK * SHA256_CBLOCK;
    unsigned char* at = std::ranges::copy(prefix, message.data()).out;
    std::memcpy(at, bytes.data(), bytes.size());
    at += bytes.size();
    *at++ = 0x80;
    std::memset(at, 0, static_cast<std::size_t>(message.data() + end - at));
    std::uint64_t bits = size * 8;
    if constexpr (std::endian::native == std::endian::little) {
        bits = __builtin_bswap64(bits);
    }
    std::memcpy(message.data() + end - sizeof bits, &bits, sizeof bits);

    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, message.data(), end);
    return digest_of(state);
}

}  // namespace

Sha256 sha256(std::string_view bytes, std::string_view prefix) {
    const std::size_t size = prefix.size() + bytes.size();
    if (size + kPaddingMin <= kShortBlocks * SHA256_CBLOCK && !bytes.empty()) {
        return sha256_at_once(bytes, prefix);
    }
    SHA256_CTX state;
    Sha256 digest;
    SHA256_Init(&state);
    SHA256_Update(&state, prefix.data(), prefix.size());
    SHA256_Update(&state, bytes.data(), bytes.size());
    SHA256_Final(digest.data(), &state);
    return digest;
}

Sha256Stream::Sha256Stream() {
    static_assert(sizeof(SHA256_CTX) <= sizeof state_);
    SHA256_Init(new (state_.data()) SHA256_CTX);
}

void Sha256Stream::update(std::string_view bytes) {
    SHA256_Update(&context(state_.data()), bytes.data(), bytes.size());
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    SHA256_Final(digest.data(), &context(state_.data()));
    return digest;
}

}  // namespace mailvigil

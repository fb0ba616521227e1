// The low-level calls are deprecated in favour of EVP, whose set-up costs more than hashing a
// record does; they are the same code underneath.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/sha256.h"

#include <openssl/sha.h>

#include <cstring>
#include <new>

namespace mailvigil {

namespace {

SHA256_CTX& context(void* state) {
    return *static_cast<SHA256_CTX*>(state);
}

}  // namespace

Sha256 sha256(std::string_view bytes, std::string_view prefix) {
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

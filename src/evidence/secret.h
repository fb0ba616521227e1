// SecretText: the text of a private key, overwritten when it goes.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>

namespace mailvigil::evidence {

/// Moves by copy and wipe, so that nothing of a short text stays behind.
class SecretText {
  public:
    explicit SecretText(std::string&& text) : text_(text) { wipe(text); }

    SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }

    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    SecretText& operator=(SecretText&&) = delete;

    ~SecretText() { wipe(text_); }

    [[nodiscard]] std::string_view view() const { return text_; }

    static void wipe(std::string& text) {
        // Also what a short text left in the object when it was moved from.
        text.resize(text.capacity());
        OPENSSL_cleanse(text.data(), text.size());
        text.clear();
    }

  private:
    std::string text_;
};

}  // namespace mailvigil::evidence

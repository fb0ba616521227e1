// Signed notes (c2sp.org/signed-note) and cosignatures (c2sp.org/tlog-cosignature) with Ed25519.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mailvigil::evidence {

/// What a key signs, by the type byte of its vkey.
enum class KeyType : std::uint8_t {
    ed25519 = 0x01,      ///< the text of a note
    cosignature = 0x04,  ///< "cosignature/v1", a time and the text
};

/// A verifier key: <name>+<key id>+<base64 of type and public key>.
struct VerifierKey {
    std::string name;
    KeyType type = KeyType::ed25519;
    std::uint32_t id = 0;
    std::array<std::uint8_t, 32> public_key{};

    bool operator==(const VerifierKey&) const = default;
};

/// Error: malformed, where the text is no vkey or its key id is not that of its key.
Result<VerifierKey> parse_vkey(std::string_view text);
std::string render(const VerifierKey& key);

/// A private key. Its text form is that of c2sp.org/signed-note's Go implementation:
/// PRIVATE+KEY+<name>+<key id>+<base64 of type and 32-byte seed>.
class SignerKey {
  public:
    /// A new one from the system's random numbers.
    static Result<SignerKey> generate(std::string_view name, KeyType type);
    static Result<SignerKey> parse(std::string_view text);
    static Result<SignerKey> from_seed(std::string_view name,
                                       KeyType type,
                                       std::span<const std::uint8_t, 32> seed);

    [[nodiscard]] const VerifierKey& verifier() const { return verifier_; }

    /// The secret text. Whoever holds it wipes it.
    [[nodiscard]] std::string render_private() const;

    /// Ed25519 over `message` (RFC 8032): deterministic.
    [[nodiscard]] Result<std::array<std::uint8_t, 64>> sign(std::string_view message) const;

    ~SignerKey();  ///< wipes the seed
    SignerKey(SignerKey&&) noexcept = default;
    SignerKey& operator=(SignerKey&& other) noexcept;  ///< wipes the seed that it replaces
    SignerKey(const SignerKey&) = delete;
    SignerKey& operator=(const SignerKey&) = delete;

  private:
    SignerKey() = default;
    VerifierKey verifier_;
    std::vector<std::uint8_t> seed_;
};

/// One signature line: "— <name> <base64 of u32 big-endian key id and the signature bytes>".
struct NoteSignature {
    std::string name;
    std::uint32_t id = 0;
    std::string bytes;  ///< without the key id

    bool operator==(const NoteSignature&) const = default;
};

/// A note: text that ends in a newline, an empty line, and signature lines.
struct Note {
    std::string text;
    std::vector<NoteSignature> signatures;
};

inline constexpr std::size_t kNoteBytesMax = 1'000'000;
inline constexpr std::size_t kNoteSignaturesMax = 64;

/// Well-formed or an Error; nothing is verified yet.
Result<Note> parse_note(std::string_view text);
std::string render(const Note& note);
/// A whole line, with its newline.
std::string render(const NoteSignature& signature);

/// Parses a single signature line, with or without its newline.
Result<NoteSignature> parse_signature(std::string_view line);

/// Adds `signer`'s signature. A cosignature also says when: `unix_seconds`.
Result<void> sign(Note& note, const SignerKey& signer, std::uint64_t unix_seconds = 0);

enum class SignatureCheck : std::uint8_t {
    valid,
    absent,   ///< no line of that key
    invalid,  ///< a line of that key which does not verify: the whole note is to be refused
};

SignatureCheck check(const Note& note, const VerifierKey& key);

/// The time in a cosignature of `key` on the note, seconds since 1970; of several the newest. Only
/// after check() said valid.
std::uint64_t cosignature_time(const Note& note, const VerifierKey& key);

}  // namespace mailvigil::evidence

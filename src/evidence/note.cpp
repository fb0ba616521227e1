#include "evidence/note.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/base64.h"
#include "base/escape.h"
#include "base/sha256.h"

namespace mailvigil::evidence {

namespace {

constexpr std::string_view kDash = "\u2014 ";
constexpr std::string_view kPrivatePrefix = "PRIVATE+KEY+";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kIdBytes = 4;

struct FreePkey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

using Pkey = std::unique_ptr<EVP_PKEY, FreePkey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<Error> malformed(std::string message) {
    return fail(ErrorCode::malformed, std::move(message));
}

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

template <class Number>
std::string big_endian(Number number) {
    std::string bytes;
    for (unsigned shift = sizeof(Number) * 8; shift != 0; shift -= 8) {
        bytes += static_cast<char>(number >> (shift - 8) & 0xFFU);
    }
    return bytes;
}

template <class Number>
Number from_big_endian(std::string_view bytes) {
    Number number = 0;
    for (const char byte : bytes.substr(0, sizeof(Number))) {
        number = static_cast<Number>(number << 8U | static_cast<unsigned char>(byte));
    }
    return number;
}

/// What White_Space of Unicode has beyond ASCII.
constexpr std::string_view kWideSpaces[] = {"\u0085",
                                            "\u00A0",
                                            "\u1680",
                                            "\u2000",
                                            "\u2001",
                                            "\u2002",
                                            "\u2003",
                                            "\u2004",
                                            "\u2005",
                                            "\u2006",
                                            "\u2007",
                                            "\u2008",
                                            "\u2009",
                                            "\u200A",
                                            "\u2028",
                                            "\u2029",
                                            "\u202F",
                                            "\u205F",
                                            "\u3000"};

/// Valid UTF-8 without a control character, but for newlines.
bool is_note_text(std::string_view text) {
    const bool has_control = std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
    return !has_control && to_valid_utf8(text) == text;
}

bool is_name(std::string_view name) {
    return !name.empty() && is_note_text(name) &&
           name.find_first_of(" \n+") == std::string_view::npos &&
           std::ranges::none_of(kWideSpaces,
                                [&](std::string_view space) { return name.contains(space); });
}

std::uint32_t key_id(std::string_view name,
                     KeyType type,
                     std::span<const std::uint8_t> public_key) {
    const Sha256 digest =
        sha256(as_text(public_key), fmt::format("{}\n{}", name, static_cast<char>(type)));
    return from_big_endian<std::uint32_t>(as_text(digest));
}

/// <name>+<key id>+<base64 of type and 32 bytes>, taken apart.
struct KeyParts {
    KeyParts() = default;
    KeyParts(const KeyParts&) = default;
    KeyParts& operator=(const KeyParts&) = default;

    /// The bytes may be a seed.
    ~KeyParts() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

    std::string_view name;
    std::uint32_t id = 0;
    KeyType type = KeyType::ed25519;
    std::array<std::uint8_t, kKeyBytes> bytes{};
};

std::optional<KeyParts> split_key(std::string_view text) {
    const std::size_t first = text.find('+');
    const std::size_t second = text.find('+', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos || !is_name(text.substr(0, first))) {
        return std::nullopt;
    }
    const std::string_view id_text = text.substr(first + 1, second - first - 1);
    const auto id = decode_hex(id_text);
    auto body = decode_base64(text.substr(second + 1));
    std::optional<KeyParts> parts;
    if (id && id->size() == kIdBytes && render_hex(*id) == id_text && body &&
        body->size() == 1 + kKeyBytes) {
        const auto type = static_cast<KeyType>(body->front());
        if (type == KeyType::ed25519 || type == KeyType::cosignature) {
            parts.emplace();
            parts->name = text.substr(0, first);
            parts->id = from_big_endian<std::uint32_t>(*id);
            parts->type = type;
            std::copy_n(octets(*body) + 1, kKeyBytes, parts->bytes.begin());
        }
    }
    if (body) {
        wipe(*body);
    }
    return parts;
}

std::string cosigned_message(std::string_view text, std::uint64_t unix_seconds) {
    return fmt::format("cosignature/v1\ntime {}\n{}", unix_seconds, text);
}

bool verify_ed25519(const VerifierKey& key, std::string_view message, std::string_view signature) {
    const Pkey pkey(EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nullptr, key.public_key.data(), key.public_key.size()));
    const Context context(EVP_MD_CTX_new());
    return pkey && context &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
           EVP_DigestVerify(context.get(),
                            octets(signature),
                            signature.size(),
                            octets(message),
                            message.size()) == 1;
}

bool is_of(const NoteSignature& signature, const VerifierKey& key) {
    return signature.id == key.id && signature.name == key.name;
}

bool verifies(const NoteSignature& signature, const VerifierKey& key, std::string_view text) {
    const std::string_view bytes = signature.bytes;
    if (key.type == KeyType::ed25519) {
        return bytes.size() == kSignatureBytes && verify_ed25519(key, text, bytes);
    }
    if (bytes.size() != kTimeBytes + kSignatureBytes) {
        return false;
    }
    const auto time = from_big_endian<std::uint64_t>(bytes);
    return time <= std::numeric_limits<std::int64_t>::max() &&
           verify_ed25519(key, cosigned_message(text, time), bytes.substr(kTimeBytes));
}

}  // namespace

Result<VerifierKey> parse_vkey(std::string_view text) {
    const auto parts = split_key(text);
    if (!parts || parts->id != key_id(parts->name, parts->type, parts->bytes)) {
        return malformed("not a verifier key (<name>+<key id>+<base64>) with the id of its key");
    }
    return VerifierKey{.name = std::string(parts->name),
                       .type = parts->type,
                       .id = parts->id,
                       .public_key = parts->bytes};
}

std::string render(const VerifierKey& key) {
    std::string body(1, static_cast<char>(key.type));
    body += as_text(key.public_key);
    return fmt::format("{}+{:08x}+{}", key.name, key.id, render_base64(body));
}

Result<SignerKey> SignerKey::generate(std::string_view name, KeyType type) {
    std::array<std::uint8_t, kKeyBytes> seed{};
    if (RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) != 1) {
        return fail(ErrorCode::unsupported, "the system gives no random numbers for a key");
    }
    auto key = from_seed(name, type, seed);
    OPENSSL_cleanse(seed.data(), seed.size());
    return key;
}

Result<SignerKey> SignerKey::parse(std::string_view text) {
    const auto parts = text.starts_with(kPrivatePrefix)
                           ? split_key(text.substr(kPrivatePrefix.size()))
                           : std::nullopt;
    if (!parts) {
        return malformed("not a private key (PRIVATE+KEY+<name>+<key id>+<base64>)");
    }
    auto key = from_seed(parts->name, parts->type, parts->bytes);
    if (key && key->verifier_.id != parts->id) {
        return malformed("the id of a private key is not that of its key");
    }
    return key;
}

Result<SignerKey> SignerKey::from_seed(std::string_view name,
                                       KeyType type,
                                       std::span<const std::uint8_t, 32> seed) {
    if (!is_name(name)) {
        return malformed(
            fmt::format("\"{}\" cannot be a key's name: it must be text without "
                        "spaces and plus signs",
                        escape_for_terminal(name)));
    }
    SignerKey key;
    key.seed_.assign(seed.begin(), seed.end());
    const Pkey pkey(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    std::size_t size = kKeyBytes;
    if (!pkey ||
        EVP_PKEY_get_raw_public_key(pkey.get(), key.verifier_.public_key.data(), &size) != 1) {
        return fail(ErrorCode::unsupported, "OpenSSL makes no Ed25519 key");
    }
    key.verifier_.name = name;
    key.verifier_.type = type;
    key.verifier_.id = key_id(name, type, key.verifier_.public_key);
    return key;
}

std::string SignerKey::render_private() const {
    std::string body(1, static_cast<char>(verifier_.type));
    body += as_text(seed_);
    std::string encoded = render_base64(body);
    // Not in fmt's own memory, which nobody wipes; nor in pieces that grow.
    const std::string id = fmt::format("+{:08x}+", verifier_.id);
    std::string text;
    text.reserve(kPrivatePrefix.size() + verifier_.name.size() + id.size() + encoded.size());
    text.append(kPrivatePrefix).append(verifier_.name).append(id).append(encoded);
    wipe(body);
    wipe(encoded);
    return text;
}

Result<std::array<std::uint8_t, 64>> SignerKey::sign(std::string_view message) const {
    const Pkey pkey(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
    const Context context(EVP_MD_CTX_new());
    std::array<std::uint8_t, kSignatureBytes> signature{};
    std::size_t size = signature.size();
    if (!pkey || !context ||
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, octets(message), message.size()) !=
            1) {
        return fail(ErrorCode::unsupported, "OpenSSL makes no Ed25519 signature");
    }
    return signature;
}

SignerKey& SignerKey::operator=(SignerKey&& other) noexcept {
    std::swap(verifier_, other.verifier_);
    std::swap(seed_, other.seed_);
    OPENSSL_cleanse(other.seed_.data(), other.seed_.size());
    return *this;
}

SignerKey::~SignerKey() {
    OPENSSL_cleanse(seed_.data(), seed_.size());
}

Result<Note> parse_note(std::string_view text) {
    if (text.size() > kNoteBytesMax) {
        return malformed(fmt::format("a note of more than {} bytes", kNoteBytesMax));
    }
    if (!is_note_text(text)) {
        return malformed("a note with a control character, or that is not UTF-8");
    }
    const std::size_t blank = text.rfind("\n\n");
    if (blank == std::string_view::npos || !text.ends_with('\n') || blank + 2 == text.size()) {
        return malformed("a note without an empty line and signatures behind it");
    }
    Note note{.text = std::string(text.substr(0, blank + 1)), .signatures = {}};
    std::string_view rest = text.substr(blank + 2);
    while (!rest.empty()) {
        if (note.signatures.size() == kNoteSignaturesMax) {
            return malformed(
                fmt::format("a note with more than {} signatures", kNoteSignaturesMax));
        }
        const std::size_t end = rest.find('\n');
        note.signatures.push_back(TRY(parse_signature(rest.substr(0, end))));
        rest.remove_prefix(end + 1);
    }
    return note;
}

std::string render(const Note& note) {
    std::string text = note.text + "\n";
    for (const NoteSignature& signature : note.signatures) {
        text += render(signature);
    }
    return text;
}

std::string render(const NoteSignature& signature) {
    return fmt::format("{}{} {}\n",
                       kDash,
                       signature.name,
                       render_base64(big_endian(signature.id) + signature.bytes));
}

Result<NoteSignature> parse_signature(std::string_view line) {
    if (line.ends_with('\n')) {
        line.remove_suffix(1);
    }
    const std::size_t space = line.find(' ', std::min(line.size(), kDash.size()));
    if (!line.starts_with(kDash) || space == std::string_view::npos) {
        return malformed("a line that is no signature of a note");
    }
    const std::string_view name = line.substr(kDash.size(), space - kDash.size());
    const auto bytes = decode_base64(line.substr(space + 1));
    if (!is_name(name) || !bytes || bytes->size() <= kIdBytes) {
        return malformed("a line that is no signature of a note");
    }
    return NoteSignature{.name = std::string(name),
                         .id = from_big_endian<std::uint32_t>(*bytes),
                         .bytes = bytes->substr(kIdBytes)};
}

Result<void> sign(Note& note, const SignerKey& signer, std::uint64_t unix_seconds) {
    const VerifierKey& key = signer.verifier();
    NoteSignature signature{.name = key.name, .id = key.id, .bytes = {}};
    std::string message = note.text;
    if (key.type == KeyType::cosignature) {
        MV_ASSERT(unix_seconds <= std::numeric_limits<std::int64_t>::max());
        signature.bytes = big_endian(unix_seconds);
        message = cosigned_message(note.text, unix_seconds);
    }
    signature.bytes += as_text(TRY(signer.sign(message)));
    note.signatures.push_back(std::move(signature));
    return {};
}

SignatureCheck check(const Note& note, const VerifierKey& key) {
    SignatureCheck result = SignatureCheck::absent;
    for (const NoteSignature& signature : note.signatures) {
        if (!is_of(signature, key)) {
            continue;
        }
        if (!verifies(signature, key, note.text)) {
            return SignatureCheck::invalid;
        }
        result = SignatureCheck::valid;
    }
    return result;
}

std::uint64_t cosignature_time(const Note& note, const VerifierKey& key) {
    std::uint64_t newest = 0;
    for (const NoteSignature& signature : note.signatures) {
        if (is_of(signature, key)) {
            newest = std::max(newest, from_big_endian<std::uint64_t>(signature.bytes));
        }
    }
    return newest;
}

}  // namespace mailvigil::evidence

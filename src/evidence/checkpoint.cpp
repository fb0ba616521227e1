#include "evidence/checkpoint.h"

#include <fmt/format.h>

#include <utility>

#include "base/base64.h"
#include "evidence/lines.h"

namespace mailvigil::evidence {

namespace {

constexpr std::string_view kProofTitle = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
/// A leaf of a tree of 2^64 - 1 has so many nodes above it.
constexpr std::size_t kPathMax = 64;

std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::malformed, std::string(what));
}

}  // namespace

Checkpoint make_checkpoint(std::string_view origin, const TreeHead& head) {
    return {.origin = std::string(origin),
            .head = head,
            .note = {.text = fmt::format("{}\n{}\n{}\n", origin, head.size, render_hash(head.root)),
                     .signatures = {}}};
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
    Checkpoint checkpoint;
    checkpoint.note = TRY(parse_note(text));
    std::string_view rest = checkpoint.note.text;
    const auto origin = take_line(rest);
    const auto size_line = take_line(rest);
    const auto root_line = take_line(rest);
    if (!origin || origin->empty() || !size_line || !root_line) {
        return malformed("a checkpoint without the three lines origin, size and root");
    }
    const auto size = parse_decimal(*size_line);
    if (!size) {
        return malformed("a checkpoint whose size is no decimal number");
    }
    const auto root = parse_hash(*root_line);
    if (!root) {
        return malformed("a checkpoint whose root is not 32 bytes of base64");
    }
    while (const auto extension = take_line(rest)) {
        if (extension->empty()) {
            return malformed("a checkpoint with an empty line before its signatures");
        }
    }
    checkpoint.origin = *origin;
    checkpoint.head = {.size = *size, .root = *root};
    return checkpoint;
}

std::string render(const Checkpoint& checkpoint) {
    return render(checkpoint.note);
}

Result<LeafProof> parse_proof(std::string_view text) {
    LeafProof proof;
    std::string_view rest = text;
    if (take_line(rest) != kProofTitle) {
        return malformed(fmt::format("a proof that does not begin with {}", kProofTitle));
    }
    auto line = take_line(rest);
    if (line && line->starts_with(kExtra)) {
        auto extra = decode_base64(line->substr(kExtra.size()));
        if (!extra || extra->empty()) {
            return malformed("a proof whose extra is no base64");
        }
        proof.extra = std::move(*extra);
        line = take_line(rest);
    }
    const auto index = line && line->starts_with(kIndex)
                           ? parse_decimal(line->substr(kIndex.size()))
                           : std::nullopt;
    if (!index) {
        return malformed("a proof without the number of its leaf");
    }
    proof.index = *index;
    auto path = take_hashes(rest, kPathMax);
    if (!path) {
        return malformed(
            "a proof whose path is not lines of 32 bytes of base64 up to an empty one");
    }
    proof.path = std::move(*path);
    proof.checkpoint = TRY(parse_checkpoint(rest));
    return proof;
}

std::string render(const LeafProof& proof) {
    std::string text = fmt::format("{}\n", kProofTitle);
    if (!proof.extra.empty()) {
        text += fmt::format("{}{}\n", kExtra, render_base64(proof.extra));
    }
    text += fmt::format("{}{}\n", kIndex, proof.index);
    for (const Hash& hash : proof.path) {
        text += render_hash(hash) + "\n";
    }
    return text + "\n" + render(proof.checkpoint);
}

}  // namespace mailvigil::evidence

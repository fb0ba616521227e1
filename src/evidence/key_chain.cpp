#include "evidence/key_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "evidence/seal.h"

namespace mailvigil::evidence {

namespace {

/// Ids of the keys of the ledger's own name that signed; which of them is the log key is not known
/// here, but it is the same every time.
std::vector<std::uint32_t> own_key_ids(const Checkpoint& checkpoint) {
    std::vector<std::uint32_t> ids;
    for (const NoteSignature& signature : checkpoint.note.signatures) {
        if (signature.name == checkpoint.origin) {
            ids.push_back(signature.id);
        }
    }
    std::ranges::sort(ids);
    return ids;
}

Result<LeafProof> link(Disk& disk,
                       const Layout& layout,
                       LedgerReader& reader,
                       const Checkpoint& checkpoint) {
    LeafProof proof;
    proof.index = checkpoint.head.size - 1;
    if (proof.index < reader.first()) {
        return parse_proof(TRY(read_whole(disk, layout.kept_proof(proof.index), kProofBytesMax)));
    }
    proof.checkpoint = checkpoint;
    proof.extra = TRY(reader.leaf(proof.index));
    proof.path = TRY(inclusion_path(reader, proof.index, checkpoint.head.size));
    return proof;
}

using Keys = LedgerKeys;

Error no_first_key() {
    return {ErrorCode::malformed, "there is no proof of the ledger's first key"};
}

bool is_included(const LeafProof& proof) {
    return verify_inclusion(leaf_hash(proof.extra), proof.index, proof.path, proof.checkpoint.head);
}

Result<void> check_signed(const Checkpoint& checkpoint, const Keys& keys) {
    const Note& note = checkpoint.note;
    if (check(note, keys.log) != SignatureCheck::valid ||
        check(note, keys.epoch) != SignatureCheck::valid) {
        return fail(ErrorCode::malformed,
                    fmt::format("the checkpoint of size {} is not signed by the keys of its day",
                                checkpoint.head.size));
    }
    return {};
}

/// The keys that a link gives to what follows it; `before`: those that must have signed the link.
Result<Keys> follow(const LeafProof& proof, const std::optional<Keys>& before) {
    const auto seal = TRY(parse_seal(proof.index, proof.extra));
    const SealAction wanted = before ? SealAction::key : SealAction::genesis;
    if (!seal || seal->action != wanted || proof.checkpoint.head.size != proof.index + 1 ||
        (proof.index == 0) != (wanted == SealAction::genesis) || !is_included(proof)) {
        return fail(ErrorCode::malformed,
                    fmt::format("record {} does not prove a key of the ledger", proof.index));
    }
    // Not within braces: GCC 12 forgets what an initialiser list has made so far when TRY leaves
    // it.
    Keys keys;
    keys.log = before ? before->log : TRY(parse_vkey(seal->log_vkey));
    keys.epoch = TRY(parse_vkey(seal->vkey));
    if (keys.log.name != proof.checkpoint.origin || keys.epoch.name != proof.checkpoint.origin) {
        return fail(ErrorCode::malformed,
                    fmt::format("record {} names keys of another ledger", proof.index));
    }
    TRY(check_signed(proof.checkpoint, before.value_or(keys)));
    return keys;
}

}  // namespace

Result<std::vector<LeafProof>> key_chain(Disk& disk, const Layout& layout, LedgerReader& reader) {
    return key_chain(disk, layout, reader, TRY(reader.checkpoints()));
}

Result<std::vector<LeafProof>> key_chain(Disk& disk,
                                         const Layout& layout,
                                         LedgerReader& reader,
                                         std::span<const Checkpoint> checkpoints) {
    std::vector<LeafProof> chain;
    for (std::size_t i = 0; i < checkpoints.size(); ++i) {
        // The checkpoint that a key's seal ends is the last one of the key before.
        const bool ends_epoch = i + 1 < checkpoints.size() &&
                                own_key_ids(checkpoints[i]) != own_key_ids(checkpoints[i + 1]);
        if (i == 0 || ends_epoch) {
            chain.push_back(TRY(link(disk, layout, reader, checkpoints[i])));
        }
    }
    return chain;
}

std::string key_link_name(std::uint64_t leaf) {
    return fmt::format("{:020}.tlog-proof", leaf);
}

Result<void> write_key_chain(Disk& disk,
                             const std::string& folder,
                             std::span<const LeafProof> chain) {
    TRY(disk.make_folder(folder));
    for (const LeafProof& link : chain) {
        const auto file =
            TRY(disk.open_append(fmt::format("{}/{}", folder, key_link_name(link.index))));
        TRY(file->append(render(link)));
        TRY(file->sync());
    }
    return disk.sync_folder(folder);
}

Result<std::vector<LeafProof>> read_key_chain(Disk& disk, const std::string& folder) {
    std::vector<LeafProof> chain;
    for (const std::string& name : TRY(disk.list(folder))) {
        const std::string path = fmt::format("{}/{}", folder, name);
        auto link = parse_proof(TRY(read_whole(disk, path, kProofBytesMax)));
        if (!link || key_link_name(link->index) != name) {
            return fail(ErrorCode::malformed,
                        fmt::format("{} is no link of a chain of keys", path));
        }
        chain.push_back(std::move(*link));
    }
    return chain;
}

Result<LedgerKeys> claimed_keys(std::span<const LeafProof> chain) {
    const auto seal = chain.empty() ? Result<std::optional<Seal>>(std::nullopt)
                                    : parse_seal(chain.front().index, chain.front().extra);
    if (!seal || !*seal || (*seal)->action != SealAction::genesis) {
        return std::unexpected(no_first_key());
    }
    LedgerKeys keys;
    keys.log = TRY(parse_vkey((*seal)->log_vkey));
    keys.epoch = TRY(parse_vkey((*seal)->vkey));
    return keys;
}

ProofVerifier::ProofVerifier(std::span<const LeafProof> chain, const VerifierKey& first) {
    for (const LeafProof& link : chain) {
        auto keys =
            follow(link, epochs_.empty() ? std::nullopt : std::optional<Keys>(epochs_.back().keys));
        if (keys && epochs_.empty() && keys->epoch != first) {
            keys =
                fail(ErrorCode::malformed, "the ledger does not begin with the key that was given");
        }
        if (!keys) {
            broken_at_ = link.index;
            broken_ = keys.error();
            return;
        }
        epochs_.push_back({.seal = link.index, .keys = std::move(*keys)});
    }
}

Result<void> ProofVerifier::begins() const {
    if (epochs_.empty()) {
        return std::unexpected(broken_.value_or(no_first_key()));
    }
    return {};
}

Result<void> ProofVerifier::verify(const Checkpoint& checkpoint) {
    TRY(begins());
    if (checkpoint.origin != epochs_.front().keys.log.name) {
        return fail(ErrorCode::malformed, "the proof is of another ledger than the keys");
    }
    // A key signs what comes after its own seal.
    const auto is_before = [&](std::uint64_t seal) { return seal + 1 < checkpoint.head.size; };
    if (broken_ && is_before(broken_at_)) {
        return std::unexpected(*broken_);
    }
    const Keys* keys = &epochs_.front().keys;
    for (const Epoch& epoch : epochs_) {
        keys = is_before(epoch.seal) ? &epoch.keys : keys;
    }
    std::string text = render(checkpoint);
    if (text != known_) {
        TRY(check_signed(checkpoint, *keys));
        known_ = std::move(text);
    }
    return {};
}

Result<void> ProofVerifier::verify(const LeafProof& proof) {
    TRY(verify(proof.checkpoint));
    if (!is_included(proof)) {
        return fail(ErrorCode::malformed,
                    fmt::format("the path of record {} does not lead to the checkpoint of size {}",
                                proof.index,
                                proof.checkpoint.head.size));
    }
    return {};
}

Result<void> verify_proof(const LeafProof& proof,
                          std::span<const LeafProof> chain,
                          const VerifierKey& first) {
    return ProofVerifier(chain, first).verify(proof);
}

}  // namespace mailvigil::evidence

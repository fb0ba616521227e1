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
        return parse_proof(TRY(disk.read(layout.kept_proof(proof.index))));
    }
    proof.checkpoint = checkpoint;
    proof.extra = TRY(reader.leaf(proof.index));
    proof.path = TRY(inclusion_path(reader, proof.index, checkpoint.head.size));
    return proof;
}

/// What one link says, once it was checked.
struct Keys {
    VerifierKey log;
    VerifierKey epoch;
};

bool is_included(const LeafProof& proof) {
    return verify_inclusion(leaf_hash(proof.extra), proof.index, proof.path, proof.checkpoint.head);
}

Result<void> check_signed(const LeafProof& proof, const Keys& keys) {
    const Note& note = proof.checkpoint.note;
    if (check(note, keys.log) != SignatureCheck::valid ||
        check(note, keys.epoch) != SignatureCheck::valid) {
        return fail(ErrorCode::malformed,
                    fmt::format("the checkpoint of size {} is not signed by the keys of its day",
                                proof.checkpoint.head.size));
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
    Keys keys{.log = before ? before->log : TRY(parse_vkey(seal->log_vkey)),
              .epoch = TRY(parse_vkey(seal->vkey))};
    if (keys.log.name != proof.checkpoint.origin || keys.epoch.name != proof.checkpoint.origin) {
        return fail(ErrorCode::malformed,
                    fmt::format("record {} names keys of another ledger", proof.index));
    }
    TRY(check_signed(proof, before.value_or(keys)));
    return keys;
}

}  // namespace

Result<std::vector<LeafProof>> key_chain(Disk& disk, const Layout& layout, LedgerReader& reader) {
    const std::vector<Checkpoint> checkpoints = TRY(reader.checkpoints());
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

Result<void> verify_proof(const LeafProof& proof,
                          std::span<const LeafProof> chain,
                          const VerifierKey& first) {
    std::optional<Keys> keys;
    for (const LeafProof& link : chain) {
        // A key signs what comes after its own seal.
        if (keys && link.index + 1 >= proof.checkpoint.head.size) {
            break;
        }
        if (link.checkpoint.origin != proof.checkpoint.origin) {
            return fail(ErrorCode::malformed, "the proof is of another ledger than the keys");
        }
        Keys next = TRY(follow(link, keys));
        if (!keys && next.epoch != first) {
            return fail(ErrorCode::malformed,
                        "the ledger does not begin with the key that was given");
        }
        keys = std::move(next);
    }
    if (!keys) {
        return fail(ErrorCode::malformed, "there is no proof of the ledger's first key");
    }
    if (!is_included(proof)) {
        return fail(ErrorCode::malformed,
                    fmt::format("the path of record {} does not lead to the checkpoint of size {}",
                                proof.index,
                                proof.checkpoint.head.size));
    }
    return check_signed(proof, *keys);
}

}  // namespace mailvigil::evidence

#include "evidence/kept_proof.h"

#include <bit>

namespace mailvigil::evidence {

namespace {

/// The path of a tree's last leaf is made of the full subtrees to its left. Those over whole blocks
/// must come out of `tree`, which nothing else binds where the records are gone.
bool fits_tree(const LeafProof& proof, std::span<const Hash> tree) {
    const std::uint64_t blocks = proof.checkpoint.head.size / kBlockLeaves;
    if (blocks > tree.size() || blocks == 0) {
        return blocks == 0;
    }
    Frontier whole;
    for (const Hash& root : tree.first(blocks)) {
        whole.append_subtree(kBlockLevel, root);
    }
    if (proof.checkpoint.head.size % kBlockLeaves == 0) {
        return whole.root() == proof.checkpoint.head.root;
    }
    const auto count = static_cast<std::size_t>(std::popcount(blocks));
    if (count > proof.path.size()) {
        return false;
    }
    const auto highest = std::span(proof.path).last(count);
    Hash root = highest.front();
    for (const Hash& left : highest.subspan(1)) {
        root = node_hash(left, root);
    }
    return root == whole.root();
}

/// The seal of a key under the checkpoint that it ends, in a file of the right name.
std::optional<Seal> proven_seal(const LeafProof& proof,
                                const std::string& path,
                                const Layout& layout) {
    const auto seal = parse_seal(proof.index, proof.extra);
    if (!seal || !*seal || layout.kept_proof(proof.index) != path ||
        proof.checkpoint.head.size != proof.index + 1 ||
        (*seal)->action != (proof.index == 0 ? SealAction::genesis : SealAction::key) ||
        !verify_inclusion(leaf_hash(proof.extra), proof.index, proof.path, proof.checkpoint.head)) {
        return std::nullopt;
    }
    return *seal;
}

}  // namespace

std::optional<Seal> check_kept_proof(Disk& disk,
                                     const Layout& layout,
                                     const std::string& name,
                                     const CheckpointBook& checkpoints,
                                     std::span<const Hash> tree,
                                     const TellDamage& damaged) {
    const std::string where = "kept/" + name;
    const std::string path = layout.kept() + "/" + name;
    const auto bytes = read_whole(disk, path, kProofBytesMax);
    const auto proof = bytes ? parse_proof(*bytes) : std::unexpected(bytes.error());
    if (!proof) {
        damaged(where, proof.error().message);
        return std::nullopt;
    }
    auto seal = proven_seal(*proof, path, layout);
    if (!seal || render(*proof) != *bytes) {
        damaged(where, "does not prove the seal of a key under the checkpoint that it ends");
        return std::nullopt;
    }
    const Checkpoint* known = checkpoints.find(proof->checkpoint.head.size);
    if (known == nullptr || known->head != proof->checkpoint.head) {
        damaged(where, "its checkpoint is not in the file checkpoints");
    }
    if (!fits_tree(*proof, tree)) {
        damaged(where, "its path and the roots in the file tree contradict each other");
    }
    return seal;
}

}  // namespace mailvigil::evidence

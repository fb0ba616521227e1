// The Merkle tree of RFC 6962 section 2.1 over SHA-256: hashes, roots, proofs. Nothing of our own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"

namespace mailvigil::evidence {

using Hash = Sha256;

/// SHA-256(0x00 || leaf).
Hash leaf_hash(std::string_view leaf);

/// SHA-256(0x01 || left || right).
Hash node_hash(const Hash& left, const Hash& right);

/// The right edge of a growing tree: what is needed to append and to know the root, log2(size)
/// hashes.
class Frontier {
  public:
    void append(const Hash& leaf);

    /// Appends a perfect subtree of 2^level leaves. size() must be a multiple of 2^level.
    void append_subtree(unsigned level, const Hash& root);

    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Of the empty tree: SHA-256 of nothing.
    [[nodiscard]] Hash root() const;

  private:
    std::uint64_t size_ = 0;
    std::vector<Hash> subtrees_;  ///< one for each set bit of size_, largest first
};

/// Where proofs get their hashes: the root of the perfect subtree over the leaves
/// [index << level, (index + 1) << level). Asked only for subtrees that lie within the tree.
class TreeNodes {
  public:
    virtual ~TreeNodes() = default;
    virtual Result<Hash> node(unsigned level, std::uint64_t index) = 0;
};

/// The root of the tree of the first `size` leaves.
Result<Hash> root_of(TreeNodes& nodes, std::uint64_t size);

/// Audit path of leaf `index` in the tree of the first `size` leaves, from the leaf upwards. Error:
/// limit where there is no such leaf. RFC 6962 section 2.1.1.
Result<std::vector<Hash>> inclusion_path(TreeNodes& nodes, std::uint64_t index, std::uint64_t size);

/// Proof that the tree of `old_size` is a prefix of that of `size`; empty where old_size is 0 or
/// size. Error: limit where old_size is the larger one. RFC 6962 section 2.1.2.
Result<std::vector<Hash>> consistency_path(TreeNodes& nodes,
                                           std::uint64_t old_size,
                                           std::uint64_t size);

struct TreeHead {
    std::uint64_t size = 0;
    Hash root{};

    bool operator==(const TreeHead&) const = default;
};

/// False for a path of the wrong length, an index beyond the tree, or another root.
[[nodiscard]] bool verify_inclusion(const Hash& leaf,
                                    std::uint64_t index,
                                    std::span<const Hash> path,
                                    const TreeHead& head);

/// False for old > current, a path of the wrong length, or other roots. Of the empty tree only the
/// empty path and the empty root are right.
[[nodiscard]] bool verify_consistency(const TreeHead& old,
                                      const TreeHead& current,
                                      std::span<const Hash> path);

}  // namespace mailvigil::evidence

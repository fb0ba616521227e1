#include "evidence/merkle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/assert.h"

namespace mailvigil::evidence {

namespace {

constexpr std::string_view kLeafPrefix("\x00", 1);
constexpr std::string_view kNodePrefix("\x01", 1);

/// Half of a node's children: the largest power of two below `leaves` (at least 2).
std::uint64_t split(std::uint64_t leaves) {
    return std::bit_floor(leaves - 1);
}

/// The root over the leaves [begin, end), a range that RFC 6962 makes a node of: its perfect
/// subtrees are aligned, and fold from the right.
Result<Hash> range_root(TreeNodes& nodes, std::uint64_t begin, std::uint64_t end) {
    std::uint64_t leaves = end - begin;
    Hash root{};
    bool first = true;
    while (leaves != 0) {
        const auto level = static_cast<unsigned>(std::countr_zero(leaves));
        const std::uint64_t piece = std::uint64_t{1} << level;
        leaves -= piece;
        const Hash left = TRY(nodes.node(level, (begin + leaves) >> level));
        root = first ? left : node_hash(left, root);
        first = false;
    }
    return root;
}

Hash empty_root() {
    return sha256({});
}

/// Both numbers upwards until the first one is a right child or the leftmost node.
void climb_to_right_child(std::uint64_t& node, std::uint64_t& last) {
    while ((node & 1U) == 0 && node != 0) {
        node >>= 1U;
        last >>= 1U;
    }
}

}  // namespace

Hash leaf_hash(std::string_view leaf) {
    return sha256(leaf, kLeafPrefix);
}

Hash node_hash(const Hash& left, const Hash& right) {
    std::array<char, 2 * std::tuple_size_v<Hash>> both{};
    std::ranges::copy(right, std::ranges::copy(left, both.begin()).out);
    return sha256({both.data(), both.size()}, kNodePrefix);
}

void Frontier::append(const Hash& leaf) {
    append_subtree(0, leaf);
}

void Frontier::append_subtree(unsigned level, const Hash& root) {
    MV_ASSERT(level < 64);
    const std::uint64_t leaves = std::uint64_t{1} << level;
    MV_ASSERT(size_ % leaves == 0 && size_ + leaves > size_);
    Hash merged = root;
    for (std::uint64_t carry = size_ >> level; (carry & 1U) != 0; carry >>= 1U) {
        merged = node_hash(subtrees_.back(), merged);
        subtrees_.pop_back();
    }
    subtrees_.push_back(merged);
    size_ += leaves;
}

Hash Frontier::root() const {
    if (subtrees_.empty()) {
        return empty_root();
    }
    Hash root = subtrees_.back();
    for (std::size_t i = subtrees_.size() - 1; i-- > 0;) {
        root = node_hash(subtrees_[i], root);
    }
    return root;
}

Result<Hash> root_of(TreeNodes& nodes, std::uint64_t size) {
    if (size == 0) {
        return empty_root();
    }
    return range_root(nodes, 0, size);
}

Result<std::vector<Hash>> inclusion_path(TreeNodes& nodes,
                                         std::uint64_t index,
                                         std::uint64_t size) {
    if (index >= size) {
        return fail(ErrorCode::limit, fmt::format("leaf {} is not in a tree of {}", index, size));
    }
    std::vector<Hash> path;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
        const std::uint64_t middle = begin + split(end - begin);
        if (index < middle) {
            path.push_back(TRY(range_root(nodes, middle, end)));
            end = middle;
        } else {
            path.push_back(TRY(range_root(nodes, begin, middle)));
            begin = middle;
        }
    }
    std::ranges::reverse(path);
    return path;
}

Result<std::vector<Hash>> consistency_path(TreeNodes& nodes,
                                           std::uint64_t old_size,
                                           std::uint64_t size) {
    if (old_size > size) {
        return fail(ErrorCode::limit,
                    fmt::format("a tree of {} is no prefix of one of {}", old_size, size));
    }
    std::vector<Hash> path;
    if (old_size == 0 || old_size == size) {
        return path;
    }
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end != old_size) {
        const std::uint64_t middle = begin + split(end - begin);
        if (old_size <= middle) {
            path.push_back(TRY(range_root(nodes, middle, end)));
            end = middle;
        } else {
            path.push_back(TRY(range_root(nodes, begin, middle)));
            begin = middle;
        }
    }
    // A prefix that is one perfect subtree is the old root itself, which the verifier has.
    if (begin != 0) {
        path.push_back(TRY(range_root(nodes, begin, end)));
    }
    std::ranges::reverse(path);
    return path;
}

// RFC 9162 section 2.1.3.2; the trees are those of RFC 6962.
bool verify_inclusion(const Hash& leaf,
                      std::uint64_t index,
                      std::span<const Hash> path,
                      const TreeHead& head) {
    if (index >= head.size) {
        return false;
    }
    std::uint64_t node = index;
    std::uint64_t last = head.size - 1;
    Hash root = leaf;
    for (const Hash& sibling : path) {
        if (last == 0) {
            return false;
        }
        if ((node & 1U) != 0 || node == last) {
            root = node_hash(sibling, root);
            climb_to_right_child(node, last);
        } else {
            root = node_hash(root, sibling);
        }
        node >>= 1U;
        last >>= 1U;
    }
    return last == 0 && root == head.root;
}

// RFC 9162 section 2.1.4.2.
bool verify_consistency(const TreeHead& old, const TreeHead& current, std::span<const Hash> path) {
    if (old.size > current.size || (current.size == 0 && current.root != empty_root())) {
        return false;
    }
    if (old.size == 0) {
        return path.empty() && old.root == empty_root();
    }
    if (old.size == current.size) {
        return path.empty() && old.root == current.root;
    }
    std::uint64_t node = old.size - 1;
    std::uint64_t last = current.size - 1;
    while ((node & 1U) != 0) {
        node >>= 1U;
        last >>= 1U;
    }
    Hash start = old.root;
    if (!std::has_single_bit(old.size)) {
        if (path.empty()) {
            return false;
        }
        start = path.front();
        path = path.subspan(1);
    }
    Hash old_root = start;
    Hash root = start;
    for (const Hash& sibling : path) {
        if (last == 0) {
            return false;
        }
        if ((node & 1U) != 0 || node == last) {
            old_root = node_hash(sibling, old_root);
            root = node_hash(sibling, root);
            climb_to_right_child(node, last);
        } else {
            root = node_hash(root, sibling);
        }
        node >>= 1U;
        last >>= 1U;
    }
    return last == 0 && old_root == old.root && root == current.root;
}

}  // namespace mailvigil::evidence

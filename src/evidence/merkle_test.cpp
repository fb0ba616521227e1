#include "evidence/merkle.h"

#include <gtest/gtest.h>

#include <bit>

#include "base/base64.h"
#include "evidence/vectors_test.h"

namespace mailvigil::evidence {

namespace {

constexpr std::size_t kSizeMax = 70;

/// PATH() of RFC 6962 section 2.1.1.
std::vector<Hash> naive_inclusion(std::size_t index, std::span<const Hash> leaves) {
    if (leaves.size() <= 1) {
        return {};
    }
    const std::size_t k = std::bit_floor(leaves.size() - 1);
    auto path = index < k ? naive_inclusion(index, leaves.first(k))
                          : naive_inclusion(index - k, leaves.subspan(k));
    path.push_back(naive_root(index < k ? leaves.subspan(k) : leaves.first(k)));
    return path;
}

/// SUBPROOF() of RFC 6962 section 2.1.2; `whole` is its b.
std::vector<Hash> naive_consistency(std::size_t old_size,
                                    std::span<const Hash> leaves,
                                    bool whole) {
    if (old_size == leaves.size()) {
        return whole ? std::vector<Hash>{} : std::vector<Hash>{naive_root(leaves)};
    }
    const std::size_t k = std::bit_floor(leaves.size() - 1);
    auto path = old_size <= k ? naive_consistency(old_size, leaves.first(k), whole)
                              : naive_consistency(old_size - k, leaves.subspan(k), false);
    path.push_back(naive_root(old_size <= k ? leaves.subspan(k) : leaves.first(k)));
    return path;
}

Hash changed(Hash hash) {
    hash[17] ^= 0x20;
    return hash;
}

TEST(merkle, the_empty_tree_is_the_hash_of_nothing) {
    EXPECT_EQ(render_hex(as_text(Frontier().root())),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    MemoryTree none({});
    EXPECT_EQ(root_of(none, 0).value(), Frontier().root());
}

TEST(merkle, a_node_is_the_hash_of_its_prefix_and_children) {
    const Hash left = leaf_hash("left");
    const Hash right = leaf_hash("right");
    const std::string children = std::string(as_text(left)) + std::string(as_text(right));
    EXPECT_EQ(node_hash(left, right), sha256(children, "\x01"));
    EXPECT_EQ(leaf_hash("left"), sha256("left", std::string_view("\0", 1)));
}

TEST(merkle, roots_are_those_of_the_definition_however_they_are_reached) {
    const auto leaves = made_leaves(2 * kSizeMax);
    MemoryTree tree(leaves);
    Frontier frontier;
    for (std::size_t size = 0; size <= 2 * kSizeMax; ++size) {
        const Hash expected = naive_root(std::span(leaves).first(size));
        EXPECT_EQ(frontier.root(), expected) << size;
        EXPECT_EQ(root_of(tree, size).value(), expected) << size;
        if (size < leaves.size()) {
            frontier.append(leaves[size]);
        }
    }
}

TEST(merkle, whole_subtrees_can_be_appended) {
    const auto leaves = made_leaves(96);
    MemoryTree tree(leaves);
    for (unsigned level = 0; level <= 5; ++level) {
        Frontier frontier;
        for (std::uint64_t i = 0; i < leaves.size() >> level; ++i) {
            frontier.append_subtree(level, tree.node(level, i).value());
            EXPECT_EQ(frontier.size(), (i + 1) << level);
            EXPECT_EQ(frontier.root(), naive_root(std::span(leaves).first(frontier.size())));
        }
        frontier.append(leaves[0]);
        EXPECT_EQ(frontier.size(), leaves.size() + 1);
    }
}

TEST(merkle, inclusion_proofs_of_all_sizes_and_leaves) {
    const auto leaves = made_leaves(kSizeMax);
    MemoryTree tree(leaves);
    for (std::size_t size = 1; size <= kSizeMax; ++size) {
        const auto prefix = std::span(leaves).first(size);
        const TreeHead head{size, naive_root(prefix)};
        for (std::size_t index = 0; index < size; ++index) {
            auto path = inclusion_path(tree, index, size).value();
            ASSERT_EQ(path, naive_inclusion(index, prefix)) << index << " of " << size;
            ASSERT_TRUE(verify_inclusion(leaves[index], index, path, head));
            ASSERT_FALSE(verify_inclusion(changed(leaves[index]), index, path, head));
            ASSERT_FALSE(verify_inclusion(leaves[index], index, path, {size, changed(head.root)}));
            for (Hash& hash : path) {
                hash = changed(hash);
                ASSERT_FALSE(verify_inclusion(leaves[index], index, path, head));
                hash = changed(hash);
            }
            for (std::size_t other = 0; other < size + 2; ++other) {
                ASSERT_EQ(verify_inclusion(leaves[index], other, path, head), other == index)
                    << other << " for " << index << " of " << size;
            }
            path.push_back(leaves[0]);
            ASSERT_FALSE(verify_inclusion(leaves[index], index, path, head));
            path.pop_back();
            if (!path.empty()) {
                path.pop_back();
                ASSERT_FALSE(verify_inclusion(leaves[index], index, path, head));
            }
        }
    }
}

TEST(merkle, consistency_proofs_of_all_pairs_of_sizes) {
    const auto leaves = made_leaves(kSizeMax);
    MemoryTree tree(leaves);
    std::vector<Hash> roots;
    for (std::size_t size = 0; size <= kSizeMax; ++size) {
        roots.push_back(naive_root(std::span(leaves).first(size)));
    }
    for (std::size_t size = 0; size <= kSizeMax; ++size) {
        const TreeHead head{size, roots[size]};
        for (std::size_t old_size = 0; old_size <= size; ++old_size) {
            const TreeHead old{old_size, roots[old_size]};
            auto path = consistency_path(tree, old_size, size).value();
            if (old_size != 0) {
                ASSERT_EQ(path, naive_consistency(old_size, std::span(leaves).first(size), true));
            }
            ASSERT_TRUE(verify_consistency(old, head, path)) << old_size << " to " << size;
            ASSERT_FALSE(verify_consistency({old_size, changed(old.root)}, head, path));
            // Anything follows the empty tree, which has no leaf that could be missing.
            ASSERT_EQ(verify_consistency(old, {size, changed(head.root)}, path),
                      old_size == 0 && size != 0);
            for (Hash& hash : path) {
                hash = changed(hash);
                ASSERT_FALSE(verify_consistency(old, head, path));
                hash = changed(hash);
            }
            path.push_back(leaves[0]);
            ASSERT_FALSE(verify_consistency(old, head, path)) << old_size << " to " << size;
            path.pop_back();
            if (!path.empty()) {
                path.pop_back();
                ASSERT_FALSE(verify_consistency(old, head, path)) << old_size << " to " << size;
            }
        }
    }
}

TEST(merkle, what_lies_beyond_the_tree_has_no_proof) {
    MemoryTree tree(made_leaves(8));
    const TreeHead head{7, root_of(tree, 7).value()};
    const TreeHead larger{8, root_of(tree, 8).value()};
    EXPECT_EQ(inclusion_path(tree, 7, 7).error().code, ErrorCode::limit);
    EXPECT_EQ(inclusion_path(tree, 0, 0).error().code, ErrorCode::limit);
    EXPECT_EQ(consistency_path(tree, 8, 7).error().code, ErrorCode::limit);
    EXPECT_FALSE(verify_inclusion(leaf_hash("7"), 7, inclusion_path(tree, 7, 8).value(), head));
    EXPECT_FALSE(verify_inclusion(leaf_hash("0"), ~std::uint64_t{0}, {}, head));
    EXPECT_FALSE(verify_inclusion(leaf_hash("0"), 0, {}, {}));
    EXPECT_FALSE(verify_consistency(larger, head, consistency_path(tree, 7, 8).value()));
    EXPECT_FALSE(verify_consistency(larger, head, {}));
}

TEST(merkle, a_missing_node_is_an_error_of_the_path) {
    MemoryTree tree(made_leaves(3));
    EXPECT_FALSE(inclusion_path(tree, 0, 9));
    EXPECT_FALSE(consistency_path(tree, 3, 9));
    EXPECT_FALSE(root_of(tree, 4));
}

}  // namespace

}  // namespace mailvigil::evidence

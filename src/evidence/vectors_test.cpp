#include "evidence/vectors_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <bit>
#include <fstream>
#include <iterator>

#include "base/assert.h"
#include "base/base64.h"
#include "evidence/lines.h"

namespace mailvigil::evidence {

namespace {

std::string text_of(const rapidjson::Value& value) {
    return {value.GetString(), value.GetStringLength()};
}

std::string bytes_of(const rapidjson::Value& value) {
    const auto bytes = decode_hex(text_of(value));
    MV_ASSERT(bytes.has_value());
    return *bytes;
}

std::vector<Hash> path_of(const rapidjson::Value& lines) {
    std::vector<Hash> path;
    for (const auto& line : lines.GetArray()) {
        path.push_back(parse_hash(text_of(line)).value());
    }
    return path;
}

TlogVectors load() {
    std::ifstream stream(MAILVIGIL_SOURCE_DIR "/testdata/evidence/tlog-vectors.json");
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    rapidjson::Document json;
    json.Parse(text.data(), text.size());
    MV_ASSERT(json.IsObject());
    TlogVectors vectors;
    for (const auto& leaf : json["leaves_hex"].GetArray()) {
        vectors.leaves.push_back(bytes_of(leaf));
    }
    for (const auto& root : json["roots_hex_by_size"].GetArray()) {
        vectors.roots.push_back(parse_hash(render_base64(bytes_of(root))).value());
    }
    vectors.origin = text_of(json["log"]["origin"]);
    vectors.log_seed = bytes_of(json["log"]["seed_hex"]);
    vectors.log_vkey = text_of(json["log"]["vkey"]);
    vectors.witness_name = text_of(json["witness"]["name"]);
    vectors.witness_seed = bytes_of(json["witness"]["seed_hex"]);
    vectors.witness_vkey = text_of(json["witness"]["vkey_cosig_v1"]);
    for (const auto& member : json["checkpoints"].GetObject()) {
        vectors.checkpoints[std::stoull(text_of(member.name))] = text_of(member.value);
    }
    for (const auto& row : json["inclusion"].GetArray()) {
        vectors.inclusion.push_back(
            {row["index"].GetUint64(), row["size"].GetUint64(), path_of(row["proof_b64"])});
    }
    for (const auto& row : json["consistency"].GetArray()) {
        vectors.consistency.push_back(
            {row["old"].GetUint64(), row["new"].GetUint64(), path_of(row["proof_b64"])});
    }
    vectors.proof_example = text_of(json["tlog_proof_example"]);
    vectors.request_example = text_of(json["add_checkpoint_request_example"]);
    return vectors;
}

std::vector<Hash> vector_leaves() {
    std::vector<Hash> hashes;
    for (const std::string& leaf : tlog_vectors().leaves) {
        hashes.push_back(leaf_hash(leaf));
    }
    return hashes;
}

}  // namespace

const TlogVectors& tlog_vectors() {
    static const TlogVectors vectors = load();
    return vectors;
}

SignerKey signer_of(std::string_view name, KeyType type, std::string_view seed) {
    std::array<std::uint8_t, 32> bytes{};
    MV_ASSERT(seed.size() == bytes.size());
    std::copy(seed.begin(), seed.end(), bytes.begin());
    auto key = SignerKey::from_seed(name, type, bytes);
    MV_ASSERT(key.has_value());
    return std::move(*key);
}

MemoryTree::MemoryTree(std::vector<Hash> leaves) {
    levels_.push_back(std::move(leaves));
    while (levels_.back().size() > 1) {
        std::vector<Hash> above;
        for (std::size_t i = 0; i + 1 < levels_.back().size(); i += 2) {
            above.push_back(node_hash(levels_.back()[i], levels_.back()[i + 1]));
        }
        levels_.push_back(std::move(above));
    }
}

Result<Hash> MemoryTree::node(unsigned level, std::uint64_t index) {
    if (level >= levels_.size() || index >= levels_[level].size()) {
        return fail(ErrorCode::limit, fmt::format("no node {} of level {}", index, level));
    }
    return levels_[level][index];
}

std::vector<Hash> made_leaves(std::size_t count, std::string_view salt) {
    std::vector<Hash> hashes;
    for (std::size_t i = 0; i < count; ++i) {
        hashes.push_back(leaf_hash(fmt::format("{}{}", salt, i)));
    }
    return hashes;
}

Hash naive_root(std::span<const Hash> leaves) {
    if (leaves.empty()) {
        return sha256({});
    }
    if (leaves.size() == 1) {
        return leaves[0];
    }
    const std::size_t left = std::bit_floor(leaves.size() - 1);
    return node_hash(naive_root(leaves.first(left)), naive_root(leaves.subspan(left)));
}

TEST(tlog_vectors, roots_of_all_sizes) {
    const auto& vectors = tlog_vectors();
    ASSERT_EQ(vectors.roots.size(), vectors.leaves.size() + 1);
    MemoryTree tree(vector_leaves());
    Frontier frontier;
    for (std::size_t size = 0; size < vectors.roots.size(); ++size) {
        EXPECT_EQ(frontier.size(), size);
        EXPECT_EQ(frontier.root(), vectors.roots[size]) << size;
        EXPECT_EQ(root_of(tree, size).value(), vectors.roots[size]) << size;
        if (size < vectors.leaves.size()) {
            frontier.append(leaf_hash(vectors.leaves[size]));
        }
    }
}

TEST(tlog_vectors, inclusion_proofs_are_made_and_verified) {
    const auto& vectors = tlog_vectors();
    const auto leaves = vector_leaves();
    MemoryTree tree(leaves);
    ASSERT_EQ(vectors.inclusion.size(), 19U);
    for (const auto& row : vectors.inclusion) {
        const TreeHead head{row.size, vectors.roots[row.size]};
        EXPECT_EQ(inclusion_path(tree, row.index, row.size).value(), row.path);
        EXPECT_TRUE(verify_inclusion(leaves[row.index], row.index, row.path, head));
        auto longer = row.path;
        longer.push_back(leaves[0]);
        EXPECT_FALSE(verify_inclusion(leaves[row.index], row.index, longer, head));
        if (!row.path.empty()) {
            const auto shorter = std::span(row.path).first(row.path.size() - 1);
            EXPECT_FALSE(verify_inclusion(leaves[row.index], row.index, shorter, head));
        }
    }
}

TEST(tlog_vectors, consistency_proofs_are_made_and_verified) {
    const auto& vectors = tlog_vectors();
    MemoryTree tree(vector_leaves());
    ASSERT_EQ(vectors.consistency.size(), 15U);
    for (const auto& row : vectors.consistency) {
        const TreeHead old{row.old_size, vectors.roots[row.old_size]};
        const TreeHead head{row.size, vectors.roots[row.size]};
        EXPECT_EQ(consistency_path(tree, row.old_size, row.size).value(), row.path);
        EXPECT_TRUE(verify_consistency(old, head, row.path));
        EXPECT_FALSE(verify_consistency(head, old, row.path));
    }
}

TEST(tlog_vectors, checkpoints_verify_and_are_rendered_and_signed_to_the_same_bytes) {
    const auto& vectors = tlog_vectors();
    const VerifierKey log = parse_vkey(vectors.log_vkey).value();
    const VerifierKey witness = parse_vkey(vectors.witness_vkey).value();
    const SignerKey log_signer = signer_of(vectors.origin, KeyType::ed25519, vectors.log_seed);
    const SignerKey witness_signer =
        signer_of(vectors.witness_name, KeyType::cosignature, vectors.witness_seed);
    EXPECT_EQ(log_signer.verifier(), log);
    EXPECT_EQ(witness_signer.verifier(), witness);
    EXPECT_EQ(render(log), vectors.log_vkey);
    EXPECT_EQ(render(witness), vectors.witness_vkey);
    ASSERT_EQ(vectors.checkpoints.size(), 5U);
    for (const auto& [size, text] : vectors.checkpoints) {
        const Checkpoint checkpoint = parse_checkpoint(text).value();
        EXPECT_EQ(checkpoint.origin, vectors.origin);
        EXPECT_EQ(checkpoint.head, (TreeHead{size, vectors.roots[size]}));
        EXPECT_EQ(check(checkpoint.note, log), SignatureCheck::valid);
        EXPECT_EQ(check(checkpoint.note, witness), SignatureCheck::valid);
        EXPECT_EQ(render(checkpoint), text);

        Checkpoint again = make_checkpoint(vectors.origin, checkpoint.head);
        ASSERT_TRUE(sign(again.note, log_signer));
        const std::uint64_t time = cosignature_time(checkpoint.note, witness);
        ASSERT_TRUE(sign(again.note, witness_signer, time));
        EXPECT_EQ(render(again), text);
    }
}

TEST(tlog_vectors, the_example_of_a_proof_verifies) {
    const auto& vectors = tlog_vectors();
    const LeafProof proof = parse_proof(vectors.proof_example).value();
    EXPECT_EQ(proof.index, 5U);
    EXPECT_EQ(proof.extra, "");
    EXPECT_EQ(render(proof), vectors.proof_example);
    EXPECT_EQ(check(proof.checkpoint.note, parse_vkey(vectors.log_vkey).value()),
              SignatureCheck::valid);
    EXPECT_TRUE(verify_inclusion(
        leaf_hash(vectors.leaves[proof.index]), proof.index, proof.path, proof.checkpoint.head));
}

}  // namespace mailvigil::evidence

#include "evidence/checkpoint.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "evidence/lines.h"
#include "evidence/vectors_test.h"

namespace mailvigil::evidence {

namespace {

const std::string kRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const std::string kLine = "— k AAAAAAAA\n";

std::string text_of(std::string_view lines) {
    return std::string(lines) + "\n" + kLine;
}

TEST(checkpoint, every_flipped_bit_is_noticed) {
    const auto& vectors = tlog_vectors();
    const VerifierKey log = parse_vkey(vectors.log_vkey).value();
    const VerifierKey witness = parse_vkey(vectors.witness_vkey).value();
    const std::string good = vectors.checkpoints.at(7);
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string text = good;
            text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << bit));
            const auto checkpoint = parse_checkpoint(text);
            if (!checkpoint) {
                continue;
            }
            EXPECT_FALSE(check(checkpoint->note, log) == SignatureCheck::valid &&
                         check(checkpoint->note, witness) == SignatureCheck::valid)
                << "byte " << at << ", bit " << bit;
            EXPECT_EQ(render(*checkpoint), text);
        }
    }
}

TEST(checkpoint, every_flipped_bit_of_a_signature_makes_it_invalid) {
    const auto& vectors = tlog_vectors();
    const Checkpoint good = parse_checkpoint(vectors.checkpoints.at(7)).value();
    const VerifierKey keys[] = {parse_vkey(vectors.log_vkey).value(),
                                parse_vkey(vectors.witness_vkey).value()};
    for (std::size_t line = 0; line < 2; ++line) {
        for (std::size_t at = 0; at < good.note.signatures[line].bytes.size(); ++at) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                Note note = good.note;
                char& byte = note.signatures[line].bytes[at];
                byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << bit));
                EXPECT_EQ(check(note, keys[line]), SignatureCheck::invalid);
                EXPECT_EQ(check(note, keys[1 - line]), SignatureCheck::valid);
            }
        }
    }
}

TEST(checkpoint, what_is_no_checkpoint_is_refused) {
    ASSERT_TRUE(parse_checkpoint(text_of("origin\n0\n" + kRoot + "\n")));
    for (const std::string& lines : {
             "\n0\n" + kRoot + "\n",
             "origin\n" + kRoot + "\n0\n",
             std::string("origin\n0\n"),
             std::string("origin\n"),
             "origin\n00\n" + kRoot + "\n",
             "origin\n07\n" + kRoot + "\n",
             "origin\n+7\n" + kRoot + "\n",
             "origin\n-7\n" + kRoot + "\n",
             "origin\n 7\n" + kRoot + "\n",
             "origin\n7 \n" + kRoot + "\n",
             "origin\n7.0\n" + kRoot + "\n",
             "origin\n0x7\n" + kRoot + "\n",
             "origin\n\n" + kRoot + "\n",
             "origin\n18446744073709551616\n" + kRoot + "\n",
             "origin\n7\r\n" + kRoot + "\n",
             "origin\n7\n" + kRoot.substr(4) + "\n",
             "origin\n7\nAAAA" + kRoot + "\n",
             "origin\n7\n" + kRoot.substr(0, 43) + "\n",
             "origin\n7\n" + kRoot.substr(0, 42) + "V=\n",
             "origin\n7\n" + kRoot + " \n",
             "origin\n7\n" + kRoot + "\n\n",
             "origin\n7\n" + kRoot + "\nextension\n\n",
             "origin\n7\n" + kRoot + "\n\nextension\n",
             "\norigin\n7\n" + kRoot + "\n",
         }) {
        EXPECT_FALSE(parse_checkpoint(text_of(lines))) << lines;
    }
}

TEST(checkpoint, extension_lines_are_kept) {
    const std::string text =
        text_of("origin with a space\n18446744073709551615\n" + kRoot + "\nmore\nstill more\n");
    const auto checkpoint = parse_checkpoint(text);
    ASSERT_TRUE(checkpoint);
    EXPECT_EQ(checkpoint->head.size, ~std::uint64_t{0});
    EXPECT_EQ(render(*checkpoint), text);
}

TEST(proof, an_example_with_a_leaf_in_it_comes_back) {
    const auto& vectors = tlog_vectors();
    LeafProof proof = parse_proof(vectors.proof_example).value();
    proof.extra = vectors.leaves[5];
    const std::string text = render(proof);
    const auto again = parse_proof(text);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->extra, vectors.leaves[5]);
    EXPECT_EQ(render(*again), text);
}

TEST(proof, what_is_no_proof_is_refused) {
    const std::string good = tlog_vectors().proof_example;
    const auto with = [&](std::string_view what, std::string_view instead) {
        std::string text = good;
        return text.replace(text.find(what), what.size(), instead);
    };
    const std::string hash = kRoot + "\n";
    std::string too_many = "index 5\n";
    for (int i = 0; i < 62; ++i) {
        too_many += hash;
    }
    EXPECT_TRUE(parse_proof(with("index 5\n", too_many.substr(0, too_many.size() - hash.size()))));
    for (const std::string& text : {
             std::string(),
             good.substr(1),
             with("@v1", "@v2"),
             with("index 5\n", ""),
             with("index 5", "index 05"),
             with("index 5", "index  5"),
             with("index 5", "Index 5"),
             with("index 5\n", "index 5\n\n"),
             with("index 5\n", "extra \nindex 5\n"),
             with("index 5\n", "extra AA\nindex 5\n"),
             with("index 5\n", "index 5\nextra AAAA\n"),
             with("index 5\n", "index 5\nAAAA\n"),
             with("index 5\n", too_many),
             good.substr(0, good.find("\n\n") + 1),
             good.substr(0, good.find("\n\n") + 2),
             good + "\n",
         }) {
        EXPECT_FALSE(parse_proof(text)) << text;
    }
}

}  // namespace

}  // namespace mailvigil::evidence

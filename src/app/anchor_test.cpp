#include "app/anchor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mailvigil::app {
namespace {

evidence::Checkpoint signed_checkpoint(std::uint64_t size) {
    static const auto kKey =
        evidence::SignerKey::generate("mx1/mailvigil/1", evidence::KeyType::ed25519).value();
    auto checkpoint = evidence::make_checkpoint("mx1/mailvigil/1", {.size = size, .root = {}});
    EXPECT_TRUE(evidence::sign(checkpoint.note, kKey).has_value());
    return checkpoint;
}

std::string sizes_of(std::string_view text) {
    const auto anchors = parse_anchors(text);
    if (!anchors) {
        return anchors.error().message;
    }
    std::string sizes;
    for (const auto& anchor : anchors->checkpoints) {
        sizes += fmt::format("{} ", anchor.head.size);
    }
    return sizes;
}

TEST(AnchorTest, notes_one_after_the_other_with_or_without_an_empty_line) {
    const std::string one = evidence::render(signed_checkpoint(3));
    const std::string two = evidence::render(signed_checkpoint(40));
    EXPECT_EQ(sizes_of(one), "3 ");
    EXPECT_EQ(sizes_of(one + two), "3 40 ");
    EXPECT_EQ(sizes_of(one + "\n" + two + "\n"), "3 40 ");
}

TEST(AnchorTest, lines_of_a_log_among_others) {
    const std::string line = render_anchor(signed_checkpoint(3));
    EXPECT_EQ(sizes_of(line), "3 ");
    EXPECT_EQ(
        sizes_of("Nov 23 02:14:07 mx1 kernel: hello\n"
                 "Nov 23 02:14:07 mx1 mailvigil[1]: " +
                 line + "\r\n<13>1 - mx1 " + render_anchor(signed_checkpoint(40)) + " trailing\n"),
        "3 40 ");
}

TEST(AnchorTest, what_is_no_checkpoint_is_told) {
    EXPECT_EQ(sizes_of(""), "there is no checkpoint in it");
    EXPECT_EQ(sizes_of("\n\n"), "there is no checkpoint in it");
    EXPECT_TRUE(sizes_of("hello\n").starts_with("line 1: no checkpoint: "));
    EXPECT_EQ(sizes_of("x\nmailvigil checkpoint abc\n"), "line 2: the checkpoint is no base64");
    EXPECT_TRUE(sizes_of("mailvigil checkpoint aGVsbG8=\n").starts_with("line 1: no checkpoint: "));
    const std::string cut = evidence::render(signed_checkpoint(3));
    for (std::size_t size = 1; size + 1 < cut.size(); ++size) {
        // A signature cut at a base64 boundary is well-formed still; its head is not another one.
        const auto anchors = parse_anchors(cut.substr(0, size));
        EXPECT_TRUE(!anchors || anchors->checkpoints.front().head.size == 3) << size;
    }
}

TEST(AnchorTest, a_broken_line_does_not_hide_the_others) {
    const std::string good = render_anchor(signed_checkpoint(3)) + "\n";
    for (const std::string& text :
         {"mailvigil checkpoint abc\n" + good, good + "mailvigil checkpoint aGVsbG8=\n"}) {
        EXPECT_EQ(sizes_of(text), "3 ");
        EXPECT_EQ(parse_anchors(text)->broken, 1U);
    }
}

TEST(AnchorTest, only_what_the_log_key_signed_is_an_anchor_of_a_ledger) {
    const auto make = [](std::string_view name) {
        return evidence::SignerKey::generate(std::string(name), evidence::KeyType::ed25519).value();
    };
    const auto log = make("mx1/mailvigil/1");
    const auto forger = make("mx1/mailvigil/1");
    const auto other = make("mx2/mailvigil/2");
    std::vector<evidence::Checkpoint> anchors;
    for (const auto* key : {&log, &forger, &other}) {
        const auto& name = key->verifier().name;
        auto checkpoint = evidence::make_checkpoint(name, {.size = 3, .root = {}});
        ASSERT_TRUE(evidence::sign(checkpoint.note, *key).has_value());
        anchors.push_back(std::move(checkpoint));
    }
    anchors.push_back(evidence::make_checkpoint("mx1/mailvigil/1", {.size = 4, .root = {}}));
    const OwnAnchors own = choose_own(anchors, log.verifier());
    ASSERT_EQ(own.checkpoints.size(), 1U);
    EXPECT_EQ(own.checkpoints.front().head.size, 3U);
    EXPECT_EQ(own.of_others, 1U);
    EXPECT_EQ(own.not_signed, 2U);
}

}  // namespace
}  // namespace mailvigil::app

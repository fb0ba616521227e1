#include "evidence/key_chain.h"

#include <gtest/gtest.h>

#include "evidence/ledger.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {
namespace {

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};

class KeyChainTest : public ::testing::Test {
  protected:
    void SetUp() override {
        LedgerOptions options;
        options.background_sealing = false;
        options.segment_bytes = 20'000;
        auto ledger = Ledger::open(disk_, "d", options, kNoon);
        ASSERT_TRUE(ledger);
        first_ = (*ledger)->epoch_key();
        for (int day = 0; day < 4; ++day) {
            const Timestamp now = kNoon + std::chrono::days(day);
            for (int i = 0; i < 200; ++i) {
                Event event;
                event.reset(EventClass::access, now);
                event.set_access_mailbox("alice");
                event.set_finding_accesses(static_cast<std::uint64_t>(i));
                ASSERT_TRUE((*ledger)->append(event, now));
            }
            ASSERT_TRUE((*ledger)->seal(now));
            if (day == 2) {
                ASSERT_TRUE((*ledger)->prune(550, "age", now));
            }
        }
        ASSERT_TRUE((*ledger)->close(kNoon + std::chrono::days(3)));
        reader_ = *LedgerReader::open(disk_, "d");
        chain_ = *key_chain(disk_, Layout{"d"}, *reader_);
    }

    testing::MemoryDisk disk_;
    std::optional<VerifierKey> first_;
    std::unique_ptr<LedgerReader> reader_;
    std::vector<LeafProof> chain_;
};

TEST_F(KeyChainTest, leads_from_the_first_key_to_every_proof_also_past_pruning) {
    EXPECT_EQ(chain_.size(), 4U);
    EXPECT_GT(reader_->first(), chain_[1].index);
    for (std::uint64_t leaf = reader_->first(); leaf < *reader_->size(); leaf += 37) {
        const auto proof = reader_->prove(leaf);
        ASSERT_TRUE(proof) << proof.error().message;
        const auto verified = verify_proof(*proof, chain_, *first_);
        EXPECT_TRUE(verified) << verified.error().message;
    }
}

TEST_F(KeyChainTest, refuses_another_first_key_a_missing_link_and_another_leaf) {
    const auto proof = reader_->prove(700);
    ASSERT_TRUE(proof);
    VerifierKey other = *first_;
    other.public_key[3] ^= 1;
    EXPECT_FALSE(verify_proof(*proof, chain_, other));
    for (std::size_t gone = 0; gone < chain_.size(); ++gone) {
        auto rest = chain_;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
        EXPECT_FALSE(verify_proof(*proof, rest, *first_)) << gone;
    }
    LeafProof altered = *proof;
    altered.extra[20] ^= 1;
    EXPECT_FALSE(verify_proof(altered, chain_, *first_));
    altered = *proof;
    ++altered.index;
    EXPECT_FALSE(verify_proof(altered, chain_, *first_));
    EXPECT_FALSE(verify_proof(*proof, {}, *first_));
}

}  // namespace
}  // namespace mailvigil::evidence

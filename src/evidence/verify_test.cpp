// What verification says beside damage, what it holds against witnesses, and that it never takes a
// writer at work for an attacker.
#include "evidence/verify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "evidence/checkpoint_log.h"
#include "evidence/layout.h"
#include "evidence/ledger.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {
namespace {

using testing::MemoryDisk;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};
const Layout kLayout{"d"};

LedgerOptions small_options() {
    LedgerOptions options;
    options.host = "mx1";
    options.segment_bytes = 20'000;
    options.background_sealing = false;
    return options;
}

void append(Ledger& ledger, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string mailbox = fmt::format("user{}", i);
        Event event;
        event.reset(EventClass::access, kNoon);
        event.set_access_mailbox(mailbox);
        ASSERT_TRUE(ledger.append(event, kNoon));
    }
}

std::string damages_of(const Result<VerifyReport>& report) {
    std::string all = report ? "" : report.error().message;
    for (const Damage& damage : report ? report->damages : std::vector<Damage>()) {
        all += damage.where + ": " + damage.what + "\n";
    }
    return all;
}

class VerifyTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto ledger = Ledger::open(disk_, "d", small_options(), kNoon);
        ASSERT_TRUE(ledger);
        ledger_ = std::move(*ledger);
        append(*ledger_, 10);
        ASSERT_TRUE(ledger_->seal(kNoon));
    }

    void cosign(const SignerKey& witness) {
        Checkpoint cosigned = ledger_->sealed();
        ASSERT_TRUE(sign(cosigned.note, witness, 1'790'000'000));
        ASSERT_TRUE(ledger_->add_cosignatures(cosigned));
    }

    Result<VerifyReport> verified(const VerifyOptions& options = {}) {
        return verify(disk_, "d", options);
    }

    MemoryDisk disk_;
    std::unique_ptr<Ledger> ledger_;
    SignerKey witness_ = *SignerKey::generate("witness.example", KeyType::cosignature);
    SignerKey other_ = *SignerKey::generate("other.example", KeyType::cosignature);
};

TEST_F(VerifyTest, a_given_witness_must_have_cosigned_something) {
    cosign(witness_);
    const std::uint64_t cosigned = ledger_->sealed().head.size;
    append(*ledger_, 10);
    ASSERT_TRUE(ledger_->close(kNoon));
    const auto report = verified({.witnesses = {witness_.verifier()}});
    EXPECT_EQ(damages_of(report), "");
    ASSERT_EQ(report->cosigned.size(), 1U);
    EXPECT_EQ(report->cosigned[0].size, cosigned);
    EXPECT_EQ(report->seen_elsewhere(), cosigned);
    EXPECT_GT(report->sealed, cosigned);
    const auto both = verified({.witnesses = {witness_.verifier(), other_.verifier()}});
    EXPECT_TRUE(damages_of(both).contains("signature of the witness other.example"));
    // Somebody takes every cosignature away.
    CheckpointLog log = parse_checkpoint_log(disk_.bytes(kLayout.checkpoints()));
    std::string stripped;
    for (Checkpoint& entry : log.entries) {
        entry.note.signatures.resize(2);
        stripped += render_entry(entry);
    }
    disk_.bytes(kLayout.checkpoints()) = stripped;
    EXPECT_EQ(damages_of(verified()), "");
    EXPECT_TRUE(damages_of(verified({.witnesses = {witness_.verifier()}}))
                    .contains("signature of the witness witness.example"));
}

TEST_F(VerifyTest, nothing_counts_as_sealed_that_is_not_signed) {
    ASSERT_TRUE(ledger_->close(kNoon));
    const auto good = verified();
    CheckpointLog log = parse_checkpoint_log(disk_.bytes(kLayout.checkpoints()));
    // The two signatures change places: the log key's is the first.
    Checkpoint& newest = log.entries.back();
    std::swap(newest.note.signatures[0], newest.note.signatures[1]);
    std::string all;
    for (const Checkpoint& entry : log.entries) {
        all += render_entry(entry);
    }
    disk_.bytes(kLayout.checkpoints()) = all;
    disk_.bytes(kLayout.checkpoint()) = render(newest);
    const auto report = verified();
    EXPECT_TRUE(damages_of(report).contains("not signed by the log key"));
    EXPECT_LT(report->sealed, good->sealed);
    EXPECT_EQ(report->sealed, log.entries[log.entries.size() - 2].head.size);
}

TEST_F(VerifyTest, prunings_are_told_with_their_time_and_reason) {
    append(*ledger_, 700);
    ASSERT_TRUE(ledger_->commit());
    ASSERT_TRUE(ledger_->prune(300, "older than 90 days", kNoon));
    ASSERT_TRUE(ledger_->close(kNoon));
    const auto report = verified();
    EXPECT_EQ(damages_of(report), "");
    ASSERT_EQ(report->prunes.size(), 1U);
    EXPECT_EQ(report->prunes[0].first, 256U);
    EXPECT_EQ(report->prunes[0].time, kNoon);
    EXPECT_EQ(report->prunes[0].reason, "older than 90 days");
    EXPECT_FALSE(report->prune_unfinished);
}

TEST_F(VerifyTest, a_pruning_that_was_cut_short_is_told_and_no_damage) {
    append(*ledger_, 700);
    ASSERT_TRUE(ledger_->commit());
    disk_.fail_next("remove", kLayout.sealed(0));
    EXPECT_FALSE(ledger_->prune(300, "age", kNoon));
    ASSERT_TRUE(ledger_->close(kNoon));
    const auto report = verified();
    EXPECT_EQ(damages_of(report), "");
    EXPECT_TRUE(report->prune_unfinished);
}

TEST_F(VerifyTest, a_segment_that_is_there_twice_must_be_the_same_twice) {
    append(*ledger_, 300);
    ASSERT_TRUE(ledger_->commit());
    const std::string sealed = disk_.bytes(kLayout.sealed(0));
    disk_.fail_next("remove", kLayout.log(256));
    append(*ledger_, 256);
    ASSERT_TRUE(ledger_->close(kNoon));
    ASSERT_TRUE(disk_.exists(kLayout.log(256)) && disk_.exists(kLayout.sealed(256)));
    EXPECT_EQ(damages_of(verified()), "");
    disk_.bytes(kLayout.sealed(256)) = sealed;
    EXPECT_NE(damages_of(verified()), "");
}

TEST_F(VerifyTest, a_seal_whose_checkpoint_never_came_is_told) {
    disk_.fail_next("write to", kLayout.checkpoints());
    EXPECT_FALSE(ledger_->seal(kNoon));
    EXPECT_TRUE(damages_of(verified({.patience = std::chrono::milliseconds(50)}))
                    .contains("a seal without its checkpoint"));
    // Whatever seal follows, that is its history.
    ASSERT_TRUE(ledger_->seal(kNoon));
    EXPECT_EQ(damages_of(verified()), "");
}

TEST_F(VerifyTest, files_that_are_not_what_they_must_be_are_told_with_their_place) {
    ASSERT_TRUE(ledger_->close(kNoon));
    const std::string checkpoints = disk_.bytes(kLayout.checkpoints());
    disk_.bytes(kLayout.checkpoints()) += "mx1/mailvigil/";
    EXPECT_TRUE(damages_of(verified()).contains("what follows is no whole checkpoint"));
    disk_.bytes(kLayout.checkpoints()) = checkpoints;
    disk_.bytes(kLayout.checkpoint()) = checkpoints.substr(0, checkpoints.find("\n\n", 200) + 1);
    EXPECT_TRUE(damages_of(verified()).contains("checkpoint: not the last one"));
    disk_.forget(kLayout.checkpoint());
    EXPECT_TRUE(damages_of(verified()).contains("checkpoint: cannot read"));
}

/// A real folder, a writer with small segments that seals, compresses and prunes all the time.
TEST(VerifyInUseTest, a_writer_at_work_is_never_taken_for_an_attacker) {
    std::string folder = "/tmp/mailvigil-verify-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> seals = 0;
    LedgerOptions options = small_options();
    options.background_sealing = true;
    auto ledger = Ledger::open(posix_disk(), folder, options, kNoon);
    ASSERT_TRUE(ledger) << ledger.error().message;
    std::thread writer([&] {
        Timestamp now = kNoon;
        while (!stop) {
            append(**ledger, 40);
            now += std::chrono::hours(1);
            EXPECT_TRUE((*ledger)->seal(now));
            if (++seals % 20 == 0) {
                EXPECT_TRUE((*ledger)->prune((*ledger)->size() - 300, "age", now));
            }
        }
        EXPECT_TRUE((*ledger)->close(now));
    });
    std::uint64_t in_use = 0;
    int times = 0;
    for (; seals < 130 && times < 2'000; ++times) {
        const auto report =
            verify(posix_disk(), folder, {.threads = 2, .patience = std::chrono::seconds(10)});
        EXPECT_EQ(damages_of(report), "") << times;
        in_use += report && report->in_use ? 1U : 0U;
    }
    stop = true;
    writer.join();
    EXPECT_EQ(damages_of(verify(posix_disk(), folder, {})), "");
    fmt::print("{} verifications beside {} seals, {} of them saw the writer go on\n",
               times,
               seals.load(),
               in_use);
    EXPECT_GT(in_use, 0U);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace mailvigil::evidence

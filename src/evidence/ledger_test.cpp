// The ledger on a disk that behaves.
#include "evidence/ledger.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "event/canonical.h"
#include "evidence/ledger_reader.h"
#include "evidence/verify.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {
namespace {

using testing::MemoryDisk;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};

LedgerOptions small_options() {
    LedgerOptions options;
    options.host = "mx1.example";
    options.segment_bytes = 100'000;
    options.background_sealing = false;
    return options;
}

void append(Ledger& ledger, std::uint64_t count, Timestamp now = kNoon) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string mailbox = fmt::format("user{}", i % 7);
        Event event;
        event.reset(EventClass::access, now + std::chrono::seconds(i));
        event.set_access_mailbox(mailbox);
        event.set_access_class("read");
        event.set_finding_accesses(i);
        ASSERT_TRUE(ledger.append(event, now));
    }
}

VerifyReport verified(Disk& disk, const VerifyOptions& options = {}) {
    auto report = verify(disk, "d", options);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : VerifyReport{};
}

void expect_good(Disk& disk) {
    for (const Damage& damage : verified(disk).damages) {
        ADD_FAILURE() << damage.where << ": " << damage.what;
    }
}

TEST(LedgerTest, what_was_appended_is_read_back_proven_and_verified) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_TRUE(ledger) << ledger.error().message;
    append(**ledger, 3'000);
    ASSERT_TRUE((*ledger)->close(kNoon));
    auto reader = LedgerReader::open(disk, "d");
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ(*(*reader)->size(), 3'002U);
    std::uint64_t next = 0;
    ASSERT_TRUE((*reader)->read(0, UINT64_MAX, [&](std::uint64_t leaf, std::string_view bytes) {
        EXPECT_EQ(leaf, next++);
        EventBatch batch;
        EXPECT_TRUE(decode_canonical(bytes, batch));
        return true;
    }));
    EXPECT_EQ(next, 3'002U);
    for (const std::uint64_t leaf : {0, 1, 255, 256, 1'000, 2'999, 3'001}) {
        const auto proof = (*reader)->prove(leaf);
        ASSERT_TRUE(proof) << proof.error().message;
        EXPECT_TRUE(
            verify_inclusion(leaf_hash(proof->extra), leaf, proof->path, proof->checkpoint.head));
    }
    EXPECT_FALSE((*reader)->prove(3'002));
    expect_good(disk);
    EXPECT_EQ(verified(disk).sealed, 3'002U);
}

TEST(LedgerTest, goes_on_after_a_stop_and_after_none) {
    MemoryDisk disk;
    for (int round = 0; round < 4; ++round) {
        auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
        ASSERT_TRUE(ledger) << ledger.error().message;
        append(**ledger, 700);
        ASSERT_TRUE((*ledger)->commit());
        if (round % 2 == 0) {
            ASSERT_TRUE((*ledger)->close(kNoon));
        }
    }
    expect_good(disk);
    EXPECT_EQ(verified(disk).unsealed, 700U);
}

TEST(LedgerTest, a_new_day_has_a_new_key_and_the_old_one_is_gone) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_TRUE(ledger);
    const VerifierKey first = (*ledger)->epoch_key();
    for (int day = 1; day <= 3; ++day) {
        const std::string before = disk.bytes("d/keys/epoch.key");
        const Timestamp now = kNoon + std::chrono::days(day);
        append(**ledger, 5, now);
        ASSERT_TRUE((*ledger)->seal(now));
        EXPECT_NE(disk.bytes("d/keys/epoch.key"), before);
    }
    ASSERT_TRUE((*ledger)->close(kNoon + std::chrono::days(3)));
    EXPECT_EQ(verified(disk, {.first_epoch_key = first}).damage_count, 0U);
    EXPECT_EQ(verified(disk).epochs, 4U);
    VerifierKey other = first;
    other.public_key[0] ^= 1;
    EXPECT_GT(verified(disk, {.first_epoch_key = other}).damage_count, 0U);
}

TEST(LedgerTest, pruning_is_recorded_and_what_stays_verifies) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_TRUE(ledger);
    append(**ledger, 2'000);
    ASSERT_TRUE((*ledger)->seal(kNoon + std::chrono::days(1)));
    append(**ledger, 2'000);
    const auto stays = (*ledger)->prune(2'500, "size", kNoon + std::chrono::days(1));
    ASSERT_TRUE(stays) << stays.error().message;
    EXPECT_GT(*stays, 1'000U);
    expect_good(disk);
    append(**ledger, 2'000);
    ASSERT_TRUE((*ledger)->prune(5'000, "size", kNoon + std::chrono::days(2)));
    ASSERT_TRUE((*ledger)->close(kNoon + std::chrono::days(2)));
    expect_good(disk);
    auto reader = LedgerReader::open(disk, "d");
    ASSERT_TRUE(reader);
    EXPECT_TRUE((*reader)->prove((*reader)->first()));
    EXPECT_EQ((*reader)->leaf(10).error().code, ErrorCode::unknown);
    // Removed without a record of it:
    const std::uint64_t first = (*reader)->first();
    disk.forget(Layout{"d"}.sealed(first));
    EXPECT_GT(verified(disk).damage_count, 0U);
}

TEST(LedgerTest, one_writer_at_a_time) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_TRUE(ledger);
    const auto second = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unwritable);
}

TEST(LedgerTest, a_full_disk_stops_nothing_and_loses_nothing_that_was_acknowledged) {
    MemoryDisk disk;
    LedgerOptions options = small_options();
    options.pending_bytes_max = 20'000;
    auto ledger = Ledger::open(disk, "d", options, kNoon);
    ASSERT_TRUE(ledger);
    append(**ledger, 100);
    const auto durable = (*ledger)->commit();
    ASSERT_TRUE(durable);
    disk.set_capacity(20'000);
    std::uint64_t refused = 0;
    for (int i = 0; i < 1'000; ++i) {
        Event event;
        event.reset(EventClass::access, kNoon + std::chrono::seconds(i));
        event.set_access_mailbox("alice");
        refused += (*ledger)->append(event, kNoon) ? 0U : 1U;
        (void)(*ledger)->tend(kNoon + std::chrono::seconds(i));
    }
    EXPECT_TRUE((*ledger)->health().stalled);
    EXPECT_GT(refused, 0U);
    EXPECT_EQ((*ledger)->health().lost, refused);
    disk.set_capacity(std::nullopt);
    ASSERT_TRUE((*ledger)->close(kNoon + std::chrono::hours(1)));
    expect_good(disk);
    auto reader = LedgerReader::open(disk, "d");
    ASSERT_TRUE(reader);
    std::uint64_t told = 0;
    ASSERT_TRUE((*reader)->read(0, UINT64_MAX, [&](std::uint64_t, std::string_view bytes) {
        EventBatch batch;
        EXPECT_TRUE(decode_canonical(bytes, batch));
        told += batch.events().front().gap_lost();
        return true;
    }));
    EXPECT_EQ(told, refused);
}

TEST(LedgerTest, a_read_only_disk_is_said) {
    MemoryDisk disk;
    disk.set_read_only(true);
    const auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_FALSE(ledger);
    EXPECT_NE(ledger.error().message.find("read-only"), std::string::npos);
}

TEST(LedgerTest, a_clock_that_is_set_back_is_recorded_and_harms_nothing) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_TRUE(ledger);
    append(**ledger, 10);
    ASSERT_TRUE((*ledger)->seal(kNoon + std::chrono::days(2)));
    append(**ledger, 10);
    ASSERT_TRUE((*ledger)->tend(kNoon));
    auto reader = LedgerReader::open(disk, "d");
    ASSERT_TRUE(reader);
    EXPECT_NE((*reader)->leaf(*(*reader)->size() - 1)->find("clock was set back"),
              std::string::npos);
    ASSERT_TRUE((*ledger)->close(kNoon));
    expect_good(disk);
}

TEST(LedgerTest, a_damaged_ledger_is_refused_or_set_aside) {
    MemoryDisk disk;
    {
        auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
        ASSERT_TRUE(ledger);
        append(**ledger, 100);
        ASSERT_TRUE((*ledger)->close(kNoon));
    }
    disk.bytes(Layout{"d"}.log(0))[4'000] ^= 1;
    const auto refused = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::malformed);
    LedgerOptions options = small_options();
    options.on_damage = OnDamage::start_anew;
    const auto anew = Ledger::open(disk, "d", options, kNoon);
    ASSERT_TRUE(anew) << anew.error().message;
    expect_good(disk);
    EXPECT_TRUE(disk.exists("d/damaged/ledger-1/segments/00000000000000000000.log"));
    auto reader = LedgerReader::open(disk, "d");
    EXPECT_NE((*reader)->leaf(0)->find("replaces a ledger that is damaged"), std::string::npos);
}

}  // namespace
}  // namespace mailvigil::evidence

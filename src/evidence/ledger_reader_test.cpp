// Damage at the end of a ledger is an error, not its end: nobody may be told that all is there.
#include "evidence/ledger_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "evidence/layout.h"
#include "evidence/ledger.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {
namespace {

using testing::MemoryDisk;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};
const Layout kLayout{"d"};

class DamagedEndTest : public ::testing::Test {
  protected:
    void SetUp() override {
        LedgerOptions options;
        options.segment_bytes = 20'000;
        options.background_sealing = false;
        auto ledger = Ledger::open(disk_, "d", options, kNoon);
        ASSERT_TRUE(ledger);
        for (int i = 0; i < 600; ++i) {
            const std::string mailbox = fmt::format("user{}", i);
            Event event;
            event.reset(EventClass::access, kNoon);
            event.set_access_mailbox(mailbox);
            ASSERT_TRUE((*ledger)->append(event, kNoon));
            if (i == 550) {
                ASSERT_TRUE((*ledger)->commit());
                middle_ = (*ledger)->position();
            }
        }
        ASSERT_TRUE((*ledger)->seal(kNoon));
        sealed_ = (*ledger)->size();
        ASSERT_TRUE(log_.empty());
        log_ = disk_.bytes(kLayout.log(512));
    }

    std::string& log() { return disk_.bytes(kLayout.log(512)); }

    /// What every way of reading says; empty: good.
    std::string errors(Position from = {}) {
        auto reader = LedgerReader::open(disk_, "d");
        if (!reader) {
            return reader.error().message;
        }
        const auto visit = [](std::uint64_t, std::string_view) { return true; };
        std::string all;
        const auto take = [&](const auto& result) {
            if (!result) {
                EXPECT_EQ(result.error().code, ErrorCode::malformed) << result.error().message;
                all += result.error().message + "\n";
            }
        };
        take((*reader)->size());
        take((*reader)->read(0, UINT64_MAX, visit));
        take((*reader)->read_on(from, visit));
        return all;
    }

    MemoryDisk disk_;
    Position middle_;
    std::uint64_t sealed_ = 0;
    std::string log_;
};

TEST_F(DamagedEndTest, a_cut_below_what_is_sealed_is_named_at_any_byte) {
    EXPECT_EQ(errors(), "");
    EXPECT_EQ(errors(middle_), "");
    for (std::size_t size = 0; size < log_.size(); size += 7) {
        log() = log_.substr(0, size);
        for (const Position from : {Position{}, middle_}) {
            const std::string all = errors(from);
            EXPECT_EQ(std::ranges::count(all, '\n'), 3) << size << ": " << all;
            EXPECT_TRUE(all.contains(fmt::format("{} were sealed", sealed_))) << size;
        }
    }
    disk_.forget(kLayout.checkpoint());
    EXPECT_TRUE(errors().contains("were sealed"));
}

TEST_F(DamagedEndTest, a_bad_record_is_named_sealed_or_not) {
    for (std::size_t at = 11; at < log_.size(); at += 97) {
        log()[at] ^= 4;
        const std::string all = errors();
        EXPECT_EQ(std::ranges::count(all, '\n'), 3) << at << ": " << all;
        EXPECT_TRUE(all.contains("segments/00000000000000000512.log, record ")) << all;
        log() = log_;
    }
    log() += std::string(100, '\0');
    EXPECT_TRUE(errors().contains("damaged"));
    EXPECT_TRUE(errors(middle_).contains("damaged"));
    // Part of a record that is being written is no damage.
    log() = log_ + log_.substr(0, 50);
    EXPECT_EQ(errors(), "");
    EXPECT_EQ(errors(middle_), "");
}

TEST_F(DamagedEndTest, the_writer_still_mends_what_a_crash_left) {
    log() = log_ + std::string(100, '\0');
    LedgerOptions options;
    options.background_sealing = false;
    auto ledger = Ledger::open(disk_, "d", options, kNoon);
    ASSERT_TRUE(ledger) << ledger.error().message;
    EXPECT_EQ(errors(), "");
}

}  // namespace
}  // namespace mailvigil::evidence

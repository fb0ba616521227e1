// The power goes at every write, sync, rename and removal that a ledger's life makes, and what was
// not synced is kept, forgotten, torn or zeroed. What was acknowledged must be there, what was
// shown must still be true, and the ledger must go on by itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "event/canonical.h"
#include "evidence/ledger.h"
#include "evidence/ledger_reader.h"
#include "evidence/verify.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {
namespace {

using testing::MemoryDisk;
using PowerLoss = MemoryDisk::PowerLoss;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};

LedgerOptions small_options() {
    LedgerOptions options;
    options.host = "mx1";
    options.segment_bytes = 25'000;
    options.background_sealing = false;
    return options;
}

/// What the world was told before the power went.
struct Told {
    std::uint64_t durable = 0;
    std::vector<Checkpoint> checkpoints;
    std::vector<std::string> leaves;  ///< by number
};

class Life {
  public:
    Life(Disk& disk, Told& told) : disk_(disk), told_(told) {}

    /// All that can happen to a ledger; stops at the first failure.
    Result<void> live() {
        TRY(open(kNoon));
        TRY(write(200, kNoon));
        TRY(seal(kNoon));
        TRY(write(150, kNoon));
        TRY(seal(kNoon + std::chrono::days(1)));
        TRY(close(kNoon + std::chrono::days(1)));
        TRY(open(kNoon + std::chrono::days(2)));
        TRY(write(400, kNoon + std::chrono::days(2)));
        const auto pruned = TRY(ledger_->prune(300, "age", kNoon + std::chrono::days(2)));
        EXPECT_EQ(pruned, 256U);
        show();
        TRY(write(100, kNoon + std::chrono::days(2)));
        return close(kNoon + std::chrono::days(2));
    }

  private:
    Result<void> open(Timestamp now) {
        ledger_ = TRY(Ledger::open(disk_, "d", small_options(), now));
        show();
        return {};
    }

    void show() {
        told_.durable = std::max(told_.durable, ledger_->durable());
        told_.checkpoints.push_back(ledger_->sealed());
    }

    Result<void> write(std::uint64_t count, Timestamp now) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::string mailbox = fmt::format("user{}", ++serial_);
            Event event;
            event.reset(EventClass::access, now);
            event.set_access_mailbox(mailbox);
            const auto leaf = ledger_->append(event, now);
            EXPECT_TRUE(leaf);
            told_.leaves.resize(*leaf + 1);
            render_canonical(event, told_.leaves[*leaf]);
            if (i % 40 == 39) {
                told_.durable = std::max(told_.durable, TRY(ledger_->commit()));
            }
        }
        return {};
    }

    Result<void> seal(Timestamp now) {
        TRY(ledger_->seal(now));
        show();
        return {};
    }

    Result<void> close(Timestamp now) {
        TRY(ledger_->close(now));
        show();
        ledger_.reset();
        return {};
    }

    Disk& disk_;
    Told& told_;
    std::unique_ptr<Ledger> ledger_;
    std::uint64_t serial_ = 0;
};

void expect_everything_told(Disk& disk, const Told& told) {
    VerifyOptions options;
    options.anchors = told.checkpoints;
    const auto report = verify(disk, "d", options);
    ASSERT_TRUE(report) << report.error().message;
    for (const Damage& damage : report->damages) {
        ADD_FAILURE() << damage.where << ": " << damage.what;
    }
    EXPECT_GE(report->first + report->leaves, told.durable);
    auto reader = LedgerReader::open(disk, "d");
    ASSERT_TRUE(reader) << reader.error().message;
    const auto read = (*reader)->read(
        (*reader)->first(), told.durable, [&](std::uint64_t leaf, std::string_view bytes) {
            const bool ours = leaf < told.leaves.size() && !told.leaves[leaf].empty();
            EXPECT_TRUE(!ours || bytes == told.leaves[leaf]) << leaf;
            return true;
        });
    EXPECT_TRUE(read) << read.error().message;
}

struct Row {
    const char* name;
    PowerLoss loss;
    std::uint64_t within;
};

class CrashTest : public ::testing::TestWithParam<Row> {};

TEST_P(CrashTest, nothing_acknowledged_is_lost_at_any_point) {
    std::uint64_t points = 0;
    for (;; ++points) {
        MemoryDisk disk;
        Told told;
        disk.fail_after(points, GetParam().within);
        {
            Life life(disk, told);
            (void)life.live();
        }
        const auto survivor = disk.after(GetParam().loss);
        const std::string where = fmt::format("power lost after change {}", points);
        SCOPED_TRACE(where);
        auto ledger = Ledger::open(*survivor, "d", small_options(), kNoon + std::chrono::days(3));
        ASSERT_TRUE(ledger) << where << ": " << ledger.error().message;
        ASSERT_TRUE((*ledger)->close(kNoon + std::chrono::days(3)));
        expect_everything_told(*survivor, told);
        if (::testing::Test::HasFailure() || !disk.failed()) {
            break;
        }
    }
    EXPECT_GT(points, 150U);
    RecordProperty("points", static_cast<int>(points));
    fmt::print("{} points\n", points);
}

INSTANTIATE_TEST_SUITE_P(PowerLoss,
                         CrashTest,
                         ::testing::Values(Row{"kept", PowerLoss::keeps, 0},
                                           Row{"kept_torn_write", PowerLoss::keeps, 13},
                                           Row{"forgotten", PowerLoss::forgets, 0},
                                           Row{"torn", PowerLoss::tears, 700},
                                           Row{"zeros", PowerLoss::fills_zeros, 700}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mailvigil::evidence

// The courier between a ledger on a disk that behaves and a sink that does not.
#include "output/courier.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "evidence/layout.h"
#include "evidence/ledger.h"
#include "testing/memory_disk.h"

namespace mailvigil::output {
namespace {

using evidence::Ledger;
using testing::MemoryDisk;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};

/// What arrived, and whether the sink takes anything; a sink is data without a place of its own.
std::string arrived;
bool dead = false;
std::mutex arrived_mutex;

class Probe final : public Delivery {
  public:
    Result<void> deliver(std::string_view messages) override {
        const std::scoped_lock lock(arrived_mutex);
        if (dead) {
            return fail(ErrorCode::unwritable, "the sink is dead");
        }
        arrived += messages;
        return {};
    }
};

const Sink kProbe{.name = "probe",
                  .summary = "",
                  .target = "",
                  .render =
                      [](const Event& event, std::uint64_t leaf, std::string& out) {
                          out += fmt::format("{} {}\n",
                                             leaf,
                                             event.event_class == EventClass::gap
                                                 ? event.gap_reason()
                                                 : event.finding_title());
                      },
                  .open = [](const std::string&) -> Result<std::unique_ptr<Delivery>> {
                      return std::make_unique<Probe>();
                  }};

class CourierTest : public ::testing::Test {
  protected:
    CourierTest() {
        arrived.clear();
        dead = false;
        evidence::LedgerOptions options;
        options.segment_bytes = 100'000;
        options.background_sealing = false;
        ledger_ = Ledger::open(disk_, "d", options, kNoon).value();
    }

    std::unique_ptr<Courier> courier() {
        auto made = Courier::create(
            disk_, kProbe, "", {.ledger = "d", .cursor = "d/cursor", .level = Level::medium});
        EXPECT_TRUE(made) << made.error().message;
        return std::move(*made);
    }

    void find(std::string_view level, std::string_view title) {
        Event event;
        event.reset(EventClass::finding, kNoon);
        event.set_finding_level(level);
        event.set_finding_title(title);
        ASSERT_TRUE(ledger_->append(event, kNoon));
        ASSERT_TRUE(ledger_->commit());
    }

    MemoryDisk disk_;
    std::unique_ptr<Ledger> ledger_;
};

TEST_F(CourierTest, carries_findings_of_its_level_and_gaps_from_where_it_began) {
    find("high", "before");
    const auto carrier = courier();
    find("low", "small");
    find("critical", "big");
    Event gap;
    gap.reset(EventClass::gap, kNoon);
    gap.set_gap_reason("ring full");
    ASSERT_TRUE(ledger_->append(gap, kNoon));
    ASSERT_TRUE(ledger_->commit());
    ASSERT_TRUE(carrier->carry(ledger_->durable()));
    EXPECT_EQ(arrived, "3 big\n4 ring full\n");
    EXPECT_EQ(carrier->health().delivered, 2U);
    EXPECT_EQ(carrier->health().next, 5U);
}

TEST_F(CourierTest, carries_nothing_that_is_not_on_disk) {
    const auto carrier = courier();
    const std::uint64_t durable = ledger_->durable();
    find("high", "later");
    ASSERT_TRUE(carrier->carry(durable));
    EXPECT_EQ(arrived, "");
}

TEST_F(CourierTest, delivers_what_came_while_the_sink_was_dead_or_nobody_ran) {
    {
        const auto carrier = courier();
        dead = true;
        find("high", "one");
        EXPECT_FALSE(carrier->carry(ledger_->durable()));
        find("high", "two");
    }
    dead = false;
    const auto carrier = courier();
    ASSERT_TRUE(carrier->carry(ledger_->durable()));
    EXPECT_EQ(arrived, "1 one\n2 two\n");
    ASSERT_TRUE(courier()->carry(ledger_->durable()));
    EXPECT_EQ(arrived, "1 one\n2 two\n");
}

TEST_F(CourierTest, goes_over_blocks_and_segments) {
    const auto carrier = courier();
    std::string expected;
    for (int i = 1; i <= 3'000; ++i) {
        const std::string title = fmt::format("finding {}", i);
        find("high", title);
        expected += fmt::format("{} {}\n", i, title);
        if (i % 256 == 255 || i % 100 == 0) {
            ASSERT_TRUE(carrier->carry(ledger_->durable()));
            ASSERT_EQ(arrived, expected);
        }
    }
}

TEST_F(CourierTest, goes_on_in_its_thread_when_the_sink_is_back) {
    const auto carrier = courier();
    carrier->start();
    dead = true;
    find("high", "one");
    carrier->notify(ledger_->durable());
    while (!carrier->health().trouble) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(carrier->health().trouble, "the sink is dead");
    {
        const std::scoped_lock lock(arrived_mutex);
        dead = false;
    }
    while (carrier->health().delivered < 1) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const std::scoped_lock lock(arrived_mutex);
    EXPECT_EQ(arrived, "1 one\n");
}

TEST_F(CourierTest, says_that_its_cursor_makes_no_sense) {
    courier();
    ASSERT_TRUE(evidence::replace_file(disk_, "d", "d/cursor", "7 x\n"));
    const auto made = Courier::create(disk_, kProbe, "", {.ledger = "d", .cursor = "d/cursor"});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message,
              "d/cursor: not a place in a ledger; remove it, and delivery begins at the ledger's "
              "end");
}

}  // namespace
}  // namespace mailvigil::output

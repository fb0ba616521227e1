// Each limit of detection, and one past it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "detect/analytic/mail_collection/tracker.h"
#include "detect/analytic/path_tampering/tracker.h"
#include "detect/engine.h"
#include "detect/event_script_test.h"

namespace mailvigil::detect {

namespace {

namespace collection = analytic::collection;
namespace tampering = analytic::tampering;

void add_gap(GapBook& book, Timestamp time) {
    Event gap;
    gap.reset(EventClass::gap, time);
    gap.set_gap_reason("records lost");
    gap.set_gap_lost(7);
    gap.set_gap_start(time);
    gap.set_gap_end(time);
    book.add(gap);
}

TEST(GapBookTest, tells_the_gaps_that_overlap_and_keeps_the_latest) {
    GapBook book;
    const Timestamp start{};
    const auto second = std::chrono::seconds(1);
    for (std::size_t i = 0; i < GapBook::kGapsMax; ++i) {
        add_gap(book, start + i * second);
    }
    ASSERT_EQ(book.touching(start, start).size(), 1U);
    EXPECT_EQ(book.touching(start, start)[0], "records lost: 7 lost between 00:00:00 and 00:00:00");
    add_gap(book, start + GapBook::kGapsMax * second);
    EXPECT_TRUE(book.touching(start, start).empty());
    EXPECT_EQ(book.touching(start + second, start + second).size(), 1U);
    // Eight are shown, the rest counted.
    EXPECT_EQ(book.touching(start, start + 20 * second).size(), 9U);
}

TEST(AccessBookTest, one_past_the_limit_completes_the_oldest) {
    std::vector<std::string> complete;
    collection::AccessBook book(
        [&](const collection::Access& access) { complete.push_back(access.mailbox); });
    bool fresh = false;
    const lineage::ProcessRef process{1, 1};
    for (std::size_t i = 0; i < collection::AccessBook::kAccessesMax; ++i) {
        book.note(process, fmt::format("m{}", i), collection::AccessClass::read, fresh);
        ASSERT_TRUE(fresh);
    }
    EXPECT_TRUE(complete.empty());
    book.note(process, "m0", collection::AccessClass::read, fresh);
    EXPECT_FALSE(fresh);
    book.note(process, "one more", collection::AccessClass::read, fresh);
    EXPECT_TRUE(fresh);
    EXPECT_EQ(complete, std::vector<std::string>{"m0"});
    book.finish();
    EXPECT_EQ(complete.size(), collection::AccessBook::kAccessesMax + 1);
    EXPECT_EQ(complete.back(), "one more");
}

TEST(WrittenBookTest, one_past_the_limit_forgets_the_oldest) {
    WrittenBook book;
    for (std::size_t i = 0; i < WrittenBook::kFilesMax; ++i) {
        book.note(fmt::format("/f{}", i), {});
    }
    Written again;
    again.user = 5;
    book.note("/f0", again);
    ASSERT_NE(book.find("/f0"), nullptr);
    EXPECT_EQ(book.find("/f0")->user, 5U);
    book.note("/one-more", {});
    EXPECT_EQ(book.find("/f0"), nullptr);
    EXPECT_NE(book.find("/f1"), nullptr);
}

TEST(HeldMailTest, forgets_the_oldest_origin_and_file_and_what_is_a_day_old) {
    collection::HeldMail held;
    const std::uint64_t first = held.open("mallory", false, {});
    held.add_mailbox(first, "alice", "/var/mail/alice", "mbox");
    held.add_file("/srv/x", first);
    held.move_file("/srv/x", "/srv/y");
    ASSERT_NE(held.find("/srv/y/below"), nullptr);
    EXPECT_EQ(held.find("/srv/y")->mailboxes.size(), 1U);
    held.drop_file("/srv/y");
    EXPECT_EQ(held.find("/srv/y"), nullptr);
    held.expire(Timestamp{} + collection::kHarvestMemory);
    EXPECT_NE(held.find("/srv/x"), nullptr);
    for (std::size_t i = held.files(); i <= collection::HeldMail::kFilesMax; ++i) {
        held.add_file(fmt::format("/f{}", i), first);
    }
    EXPECT_EQ(held.files(), collection::HeldMail::kFilesMax);
    EXPECT_EQ(held.find("/srv/x"), nullptr);
    held.expire(Timestamp{} + collection::kHarvestMemory + Duration(1));
    EXPECT_EQ(held.files(), 0U);
    const std::uint64_t second = held.open("mallory", false, {});
    held.add_file("/srv/z", second);
    for (std::size_t i = 1; i < collection::HeldMail::kOriginsMax; ++i) {
        held.open("", false, {});
    }
    EXPECT_NE(held.find("/srv/z"), nullptr);
    held.open("", false, {});
    EXPECT_EQ(held.find("/srv/z"), nullptr);
}

TEST(HarvestMemoryTest, counts_different_mailboxes_of_a_day) {
    collection::HarvestMemory memory;
    lineage::Process person;
    person.login_user = 1'009;
    EXPECT_EQ(memory.note(person, "alice", {}), 1U);
    EXPECT_EQ(memory.note(person, "alice", {}), 1U);
    EXPECT_EQ(memory.note(person, "bob", Timestamp{} + collection::kHarvestMemory), 2U);
    EXPECT_EQ(memory.note(person, "carol", Timestamp{} + collection::kHarvestMemory + Duration(1)),
              2U);
    for (std::size_t i = 0; i <= collection::HarvestMemory::kMailboxesMax; ++i) {
        EXPECT_LE(memory.note(person, fmt::format("m{}", i), Timestamp{} + std::chrono::hours(25)),
                  collection::HarvestMemory::kMailboxesMax);
    }
}

/// Findings after so many sessions each did one thing, before the input ends.
std::size_t findings_of(std::size_t sessions, const std::vector<std::string>& each, bool closed) {
    shipped_knowledge().settings = {};
    shipped_knowledge().settings.time_window = std::chrono::hours(240);
    IncidentCounter incidents;
    Engine engine(shipped_knowledge(), {.host = "mx1", .record = {}}, incidents);
    EventScript script;
    for (std::size_t i = 1; i <= sessions; ++i) {
        for (const std::string& line : each) {
            const std::string text = fmt::format(
                fmt::runtime(line), fmt::arg("shell", i * 10), fmt::arg("pid", i * 10 + 1));
            for (const Event& event : script.line(text)) {
                engine.apply(event);
            }
        }
    }
    const std::vector<Finding> findings = engine.take_findings();
    return static_cast<std::size_t>(std::ranges::count(findings, closed, &Finding::closed));
}

TEST(LimitsTest, one_collection_past_the_limit_closes_the_oldest) {
    const std::vector<std::string> read = {"ssh {shell} mallory",
                                           "exec {pid} {shell} uid=root -- cat /var/mail/alice",
                                           "open {pid} /var/mail/alice"};
    EXPECT_EQ(findings_of(collection::Tracker::kCollectionsMax, read, true), 0U);
    EXPECT_EQ(findings_of(collection::Tracker::kCollectionsMax + 1, read, true), 1U);
}

TEST(LimitsTest, one_story_past_the_limit_closes_the_oldest) {
    const std::vector<std::string> change = {"ssh {shell} mallory",
                                             "exec {pid} {shell} uid=root -- tee /etc/aliases",
                                             "write {pid} /etc/aliases"};
    EXPECT_EQ(findings_of(tampering::Tracker::kStoriesMax, change, true), 0U);
    EXPECT_EQ(findings_of(tampering::Tracker::kStoriesMax + 1, change, true), 1U);
}

}  // namespace

}  // namespace mailvigil::detect

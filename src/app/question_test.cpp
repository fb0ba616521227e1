#include "app/question.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mailvigil::app {
namespace {

Access access(std::string_view time, std::string verdict, std::string who = "hr") {
    Access one;
    one.first = one.last = parse_timestamp(time).value();
    one.verdict = std::move(verdict);
    one.who = std::move(who);
    one.count = 2;
    one.bytes = 10;
    one.session = 5;
    return one;
}

std::vector<std::string> folded(const std::vector<Access>& accesses) {
    std::vector<std::string> out;
    AccessFold fold([&](const Access& one) {
        out.push_back(fmt::format("{} {} {} {} records {} accesses {} bytes",
                                  render_utc_seconds(one.first),
                                  one.who,
                                  one.verdict,
                                  one.folded,
                                  one.count,
                                  one.bytes.value_or(0)));
    });
    for (const Access& one : accesses) {
        fold.add(one);
    }
    fold.finish();
    return out;
}

using Lines = std::vector<std::string>;

TEST(AccessFoldTest, folds_routine_of_one_day_and_nothing_else) {
    EXPECT_EQ(folded({access("2026-11-22T08:00", "service"),
                      access("2026-11-22T09:00", "collection"),
                      access("2026-11-22T09:01", "collection"),
                      access("2026-11-22T10:00", "service"),
                      access("2026-11-22T11:00", "service", "fin"),
                      access("2026-11-23T01:00", "service")}),
              (Lines{"2026-11-22T08:00:00Z hr service 2 records 4 accesses 20 bytes",
                     "2026-11-22T09:00:00Z hr collection 1 records 2 accesses 10 bytes",
                     "2026-11-22T09:01:00Z hr collection 1 records 2 accesses 10 bytes",
                     "2026-11-22T11:00:00Z fin service 1 records 2 accesses 10 bytes",
                     "2026-11-23T01:00:00Z hr service 1 records 2 accesses 10 bytes"}));
    EXPECT_EQ(folded({}), Lines{});
}

TEST(AccessFoldTest, what_belongs_to_an_incident_is_not_routine) {
    Access one = access("2026-11-22T08:00", "owner");
    one.incident = 17;
    EXPECT_EQ(folded({one, one}).size(), 2U);
}

TEST(AccessFoldTest, what_differs_within_a_fold_is_not_told) {
    std::vector<Access> out;
    AccessFold fold([&](const Access& one) { out.push_back(one); });
    Access other = access("2026-11-22T09:00", "owner");
    other.session = 6;
    fold.add(access("2026-11-22T08:00", "owner"));
    fold.add(other);
    fold.finish();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_FALSE(out[0].session.has_value());
    EXPECT_EQ(out[0].last, other.last);
}

TEST(AccessFoldTest, a_very_busy_day_does_not_fill_memory) {
    std::size_t given = 0;
    AccessFold fold([&](const Access&) { ++given; });
    const Access one = access("2026-11-22T08:00", "collection");
    for (std::size_t i = 0; i <= AccessFold::kWaitingMax; ++i) {
        fold.add(one);
    }
    EXPECT_EQ(given, AccessFold::kWaitingMax);
    fold.finish();
    EXPECT_EQ(given, AccessFold::kWaitingMax + 1);
}

TEST(AccessTotalsTest, counts_by_verdict) {
    AccessTotals totals;
    totals.add(access("2026-11-22T08:00", "service"));
    totals.add(access("2026-11-22T08:00", ""));
    totals.add(access("2026-11-22T08:00", "service"));
    EXPECT_EQ(totals.accesses, 6U);
    EXPECT_EQ(totals.records, 3U);
    EXPECT_EQ(totals.by_verdict.at("service"), 4U);
    EXPECT_EQ(totals.by_verdict.at("unknown"), 2U);
}

TEST(PathsTouchTest, the_same_above_and_below) {
    EXPECT_TRUE(paths_touch("/var/mail/hr", "/var/mail/hr"));
    EXPECT_TRUE(paths_touch("/home/hr/Maildir/", "/home/hr/Maildir"));
    EXPECT_TRUE(paths_touch("/home/hr/Maildir", "/home/hr/Maildir/cur/1"));
    EXPECT_TRUE(paths_touch("/home/hr", "/home/hr/Maildir"));
    EXPECT_TRUE(paths_touch("/", "/home/hr"));
    EXPECT_FALSE(paths_touch("/home/hr", "/home/hrx/Maildir"));
    EXPECT_FALSE(paths_touch("/var/mail/hr", "/var/mail/fin"));
    EXPECT_FALSE(paths_touch("", "/var/mail/fin"));
}

}  // namespace
}  // namespace mailvigil::app

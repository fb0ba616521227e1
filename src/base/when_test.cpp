#include "base/when.h"

#include <gtest/gtest.h>

namespace mailvigil {
namespace {

// A Monday.
constexpr std::string_view kNow = "2026-11-23T10:30:15Z";

std::string when(std::string_view text, std::string_view now = kNow) {
    const auto time = parse_when(text, parse_timestamp(now).value());
    return time ? render_utc_seconds(*time) : "none";
}

TEST(WhenTest, iso_forms_stay_what_they_are) {
    EXPECT_EQ(when("2026-11-22"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(when("2026-11-22T02:14"), "2026-11-22T02:14:00Z");
    EXPECT_EQ(when("2026-11-22 02:14:07+01:00"), "2026-11-22T01:14:07Z");
}

TEST(WhenTest, names_of_days) {
    EXPECT_EQ(when("now"), "2026-11-23T10:30:15Z");
    EXPECT_EQ(when("today"), "2026-11-23T00:00:00Z");
    EXPECT_EQ(when("Yesterday"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(when("yesterday 14:00"), "2026-11-22T14:00:00Z");
    EXPECT_EQ(when("mon"), "2026-11-23T00:00:00Z");
    EXPECT_EQ(when("monday 02:00"), "2026-11-23T02:00:00Z");
    EXPECT_EQ(when("last monday"), "2026-11-16T00:00:00Z");
    EXPECT_EQ(when("last tuesday"), "2026-11-17T00:00:00Z");
    EXPECT_EQ(when("tue"), "2026-11-17T00:00:00Z");
    EXPECT_EQ(when("Sun"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(when("sat 23:59:59"), "2026-11-21T23:59:59Z");
}

TEST(WhenTest, a_time_of_day_is_the_latest_that_has_been) {
    EXPECT_EQ(when("02:00"), "2026-11-23T02:00:00Z");
    EXPECT_EQ(when("10:30:15"), "2026-11-23T10:30:15Z");
    EXPECT_EQ(when("10:30:16"), "2026-11-22T10:30:16Z");
    EXPECT_EQ(when("02:00", "2026-03-01T01:00:00Z"), "2026-02-28T02:00:00Z");
}

TEST(WhenTest, spans_before_now) {
    EXPECT_EQ(when("90m"), "2026-11-23T09:00:15Z");
    EXPECT_EQ(when("90m ago"), "2026-11-23T09:00:15Z");
    EXPECT_EQ(when("1d"), "2026-11-22T10:30:15Z");
    EXPECT_EQ(when("2 hours ago"), "2026-11-23T08:30:15Z");
    EXPECT_EQ(when("2  Hours"), "2026-11-23T08:30:15Z");
    EXPECT_EQ(when("an hour ago"), "2026-11-23T09:30:15Z");
    EXPECT_EQ(when("3 weeks ago"), "2026-11-02T10:30:15Z");
    EXPECT_EQ(when("15 sec"), "2026-11-23T10:30:00Z");
}

TEST(WhenTest, everything_else_is_no_time) {
    for (const std::string_view text :
         {"",         " ",          "tomorrow",      "mo",           "ago",
          "last",     "last today", "last 02:00",    "25:00",        "02:60",
          "2 hour s", "two hours",  "-2 hours ago",  "2 fortnights", "yesterday 14",
          "mon tue",  "02:00Z",     "today 02:00 x", "99999 weeks",  "99999d",
          "\xff\xfe", "1e3 hours",  "2026-13-01",    "mondayy",      "0x10 hours"}) {
        EXPECT_EQ(when(text), "none") << text;
    }
    EXPECT_EQ(when(std::string(100'000, 'a')), "none");
}

TEST(WhenTest, the_explanation_has_examples_that_work) {
    EXPECT_NE(explain_when("soon").find("\"soon\""), std::string::npos);
    for (const std::string_view example : {"yesterday",
                                           "2 hours ago",
                                           "90m",
                                           "02:00",
                                           "mon",
                                           "2026-11-23",
                                           "2026-11-23T02:00:00Z"}) {
        EXPECT_NE(explain_when("soon").find(example), std::string::npos) << example;
        EXPECT_NE(when(example), "none") << example;
    }
}

}  // namespace
}  // namespace mailvigil

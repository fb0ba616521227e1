#include "output/moment.h"

#include <gtest/gtest.h>

namespace mailvigil::output {
namespace {

Timestamp at(std::string_view text) {
    return parse_timestamp(text).value();
}

std::string moment(std::string_view first, std::string_view last) {
    return render_moment(at(first), at(last), at("2026-11-23T10:30:15Z"));
}

TEST(MomentTest, says_the_day_in_words_where_there_are_words) {
    EXPECT_EQ(moment("2026-11-23T02:14:07", "2026-11-23T02:14:07.9"), "today 02:14:07");
    EXPECT_EQ(moment("2026-11-23T01:00:02", "2026-11-23T01:00:09"), "today 01:00:02-09");
    EXPECT_EQ(moment("2026-11-22T08:12:44", "2026-11-22T17:40:01"), "yesterday 08:12-17:40");
    EXPECT_EQ(moment("2026-11-20T08:12:44", "2026-11-20T08:12:44"), "2026-11-20 08:12:44");
    EXPECT_EQ(moment("2026-11-22T23:59:01", "2026-11-23T00:04:10"),
              "yesterday 23:59:01 to today 00:04:10");
    EXPECT_EQ(moment("2026-11-24T08:00", "2026-11-24T08:00"), "2026-11-24 08:00:00");
    EXPECT_EQ(moment("2026-11-23T02:14:07", "2026-11-23T01:00"), "today 02:14:07");
}

TEST(MomentTest, bytes_have_two_figures_or_three) {
    EXPECT_EQ(render_bytes(0), "0 B");
    EXPECT_EQ(render_bytes(999), "999 B");
    EXPECT_EQ(render_bytes(1000), "1 kB");
    EXPECT_EQ(render_bytes(41'200), "41 kB");
    EXPECT_EQ(render_bytes(999'600), "1.0 MB");
    EXPECT_EQ(render_bytes(1'130'000), "1.1 MB");
    EXPECT_EQ(render_bytes(23'400'000'000), "23 GB");
    EXPECT_EQ(render_bytes(18'446'744'073'709'551'615U), "18 EB");
}

TEST(MomentTest, counts_have_their_plural) {
    EXPECT_EQ(render_count(1, "access"), "1 access");
    EXPECT_EQ(render_count(2, "access"), "2 accesses");
    EXPECT_EQ(render_count(0, "record"), "0 records");
    EXPECT_EQ(render_count(3, "history"), "3 histories");
}

TEST(MomentTest, ranges_of_numbers) {
    EXPECT_EQ(render_ranges({}), "");
    EXPECT_EQ(render_ranges(std::vector<std::uint64_t>{7}), "7");
    EXPECT_EQ(render_ranges(std::vector<std::uint64_t>{12, 14, 15, 16, 30, 31}),
              "12, 14-16, 30-31");
}

}  // namespace
}  // namespace mailvigil::output

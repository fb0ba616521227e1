// The parts of the audit adapter whose limits a log cannot show.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/strong_id.h"
#include "ingest/adapter/linux_audit/decoder.h"
#include "ingest/adapter/linux_audit/directory_table.h"
#include "ingest/adapter/linux_audit/gap_log.h"
#include "ingest/adapter/linux_audit/inode_names.h"
#include "ingest/adapter/linux_audit/record.h"
#include "ingest/adapter/linux_audit/serial_watch.h"

namespace mailvigil::ingest::adapter::audit_log {
namespace {

constexpr Timestamp at(int seconds) {
    return Timestamp(std::chrono::seconds(1'700'000'000 + seconds));
}

std::uint64_t missing(std::initializer_list<Stamp> stamps) {
    SerialWatch watch;
    std::uint64_t count = 0;
    for (const Stamp& stamp : stamps) {
        count += watch.note(stamp).count;
    }
    return count + watch.finish().count;
}

TEST(SerialWatchTest, holes_are_counted_and_late_ones_are_none) {
    EXPECT_EQ(missing({}), 0U);
    EXPECT_EQ(missing({{at(0), 5}, {at(0), 6}, {at(0), 7}}), 0U);
    EXPECT_EQ(missing({{at(0), 5}, {at(0), 9}}), 3U);
    EXPECT_EQ(missing({{at(0), 5}, {at(0), 7}, {at(0), 6}}), 0U);
    EXPECT_EQ(missing({{at(0), 5}, {at(0), 5}, {at(0), 4}}), 0U);
}

TEST(SerialWatchTest, a_serial_counts_as_lost_when_the_window_has_passed_it) {
    SerialWatch watch;
    watch.note({at(0), 10});
    EXPECT_EQ(watch.note({at(1), 10 + SerialWatch::kWindow - 1}).count, 0U);
    EXPECT_GT(watch.note({at(1), 10 + SerialWatch::kWindow}).count, 0U);
}

TEST(SerialWatchTest, a_jump_past_all_windows_is_counted_whole) {
    EXPECT_EQ(missing({{at(0), 10}, {at(1), 1'000'000'000'010}}), 999'999'999'999U);
}

TEST(SerialWatchTest, a_boot_starts_over_whatever_was_counted_before) {
    EXPECT_EQ(missing({{at(0), 100'000}, {at(90), 1}, {at(90), 2}}), 0U);
    EXPECT_EQ(missing({{at(0), 50}, {at(90), 1}, {at(90), 4}}), 2U);
    EXPECT_EQ(missing({{at(0), 50}, {at(0), 53}, {at(90), 1}}), 2U);
}

TEST(SerialWatchTest, a_gap_never_ends_before_it_starts) {
    SerialWatch watch;
    watch.note({at(100), 10});
    const auto gap = watch.note({at(0), 20'000});
    EXPECT_LE(gap.start, gap.end);
}

std::string given(GapLog& gaps) {
    const auto batch = std::make_unique<EventBatch>();
    std::string text;
    while (!gaps.empty()) {
        batch->clear();
        gaps.give(*batch);
        const Event& event = batch->events()[0];
        text += std::string(event.gap_reason()) + ' ' + std::to_string(event.gap_lost()) + '\n';
    }
    return text;
}

TEST(GapLogTest, neighbours_of_one_reason_are_one_gap) {
    GapLog gaps;
    gaps.add({"a", 1, at(0), at(0)});
    gaps.add({"a", 2, at(1), at(1)});
    gaps.add({"b", 4, at(1), at(1)});
    gaps.add({"a", 8, at(9), at(9)});
    EXPECT_FALSE(gaps.due(at(2)));
    EXPECT_TRUE(gaps.due(at(3)));
    EXPECT_EQ(given(gaps), "a 3\nb 4\na 8\n");
}

TEST(GapLogTest, past_its_limit_losses_of_one_reason_join_however_far_apart) {
    GapLog gaps;
    for (int i = 0; i <= static_cast<int>(GapLog::kWaitingMax); ++i) {
        gaps.add({"a", 1, at(i * 60), at(i * 60)});
    }
    const std::string text = given(gaps);
    EXPECT_EQ(std::ranges::count(text, '\n'), GapLog::kWaitingMax);
    EXPECT_TRUE(text.starts_with("a 2\n"));
}

TEST(RecordTest, values_are_text_hex_or_nothing) {
    Arena arena;
    EXPECT_EQ(decode_escaped("\"/a b\"", arena), "/a b");
    EXPECT_EQ(decode_escaped("\"\"", arena), "");
    EXPECT_EQ(decode_escaped("2F610A", arena), "/a\n");
    EXPECT_EQ(decode_escaped("2F6", arena), "2F6");
    EXPECT_EQ(decode_escaped("2f61", arena), "2f61");
    EXPECT_EQ(decode_escaped("cafe", arena), "cafe");
    EXPECT_EQ(decode_escaped("\"CAFE\"", arena), "CAFE");
    EXPECT_EQ(decode_escaped("\"open", arena), "\"open");
    EXPECT_EQ(decode_escaped("\"", arena), "\"");
    for (const std::string_view nothing : {"", "(null)", "(none)", "?", "(null)OUID=\"root\""}) {
        EXPECT_EQ(decode_escaped(nothing, arena), "") << nothing;
    }
}

TEST(RecordTest, numbers_too_large_never_become_small) {
    EXPECT_EQ(leading_number("18446744073709551615"), 18446744073709551615U);
    EXPECT_EQ(leading_number("18446744073709551616"), 18446744073709551615U);
    EXPECT_EQ(leading_number("12UID=\"x\""), 12U);
    EXPECT_EQ(leading_id("4294967294"), 4294967294U);
    EXPECT_EQ(leading_id("4294967297"), kUnset);
    EXPECT_EQ(leading_id("-1"), kUnset);
}

TEST(RecordTest, an_interpreted_name_is_taken_by_its_whole_key) {
    EXPECT_EQ(enriched_value("res=1\x1dUID=\"root\" OLD-AUID=\"unset\" AUID=\"bob\"", "AUID"),
              "bob");
    EXPECT_EQ(enriched_value("key=\"AUID=\"AUID=\"bob\"", "AUID"), "bob");
    EXPECT_EQ(enriched_value("res=1\x1d"
                             "EUID=\"root\"",
                             "UID"),
              "");
    EXPECT_EQ(enriched_value("res=1\x1d"
                             "UID=\"ro",
                             "UID"),
              "");
}

TEST(InodeNamesTest, devices_and_machines_have_inodes_of_their_own) {
    InodeNames names;
    names.note({1, "08:01", 7}, "/a");
    EXPECT_EQ(names.find({1, "08:01", 7}), "/a");
    EXPECT_EQ(names.find({2, "08:01", 7}), "");
    EXPECT_EQ(names.find({1, "08:02", 7}), "");
    names.forget({1, "08:01", 7});
    EXPECT_EQ(names.find({1, "08:01", 7}), "");
}

TEST(DirectoryTableTest, a_directory_that_was_removed_or_belongs_to_another_is_no_guess) {
    DirectoryTable table;
    table.note(5, 3, {"/tmp/x", 0});
    EXPECT_EQ(table.guess(5, 9, {"home", true, 0}), "/tmp/x");
    table.remove(5, "/tmp/x");
    EXPECT_EQ(table.guess(5, 10, {"home", true, 0}), "");
    table.note(6, 3, {"/home/alice", 1000});
    EXPECT_EQ(table.guess(6, 9, {"vmail", true, 5000}), "");
    EXPECT_EQ(table.guess(6, 9, {"Maildir", true, 1000}), "/home/alice");
    EXPECT_EQ(table.guess(7, 9, {"Maildir", true, 1000}), "");
}

/// A log of `count` events, each of its own kind of line.
std::string decode(const std::string& text, Diagnostics& diagnostics, DecoderCounts& counts) {
    AuditDecoder decoder(diagnostics);
    const auto batch = std::make_unique<EventBatch>();
    std::string seen;
    const auto drain = [&] {
        for (const Event& event : batch->events()) {
            seen +=
                std::string(event.has(Field::gap_reason) ? event.gap_reason() : event.event_id()) +
                '\n';
        }
        batch->clear();
    };
    Chunk chunk{.text = text, .source = "log", .line = 1};
    while (!chunk.text.empty()) {
        decoder.decode(chunk, *batch);
        drain();
    }
    decoder.release_chunk();
    while (!decoder.finish(*batch)) {
        drain();
    }
    drain();
    counts = decoder.counts();
    return seen;
}

TEST(AuditDecoderTest, a_line_of_a_megabyte_is_a_gap) {
    Diagnostics diagnostics;
    DecoderCounts counts;
    const std::string head = "type=USER_LOGIN msg=audit(1700000000.000:1): pid=1 msg='op=login ";
    const std::string fill(AuditDecoder::kLineBytesMax - head.size(), 'x');
    EXPECT_EQ(decode(head + fill + "\n", diagnostics, counts), "1700000000.000:1\n");
    EXPECT_EQ(decode(head + fill + "x\n", diagnostics, counts), "unreadable record\n");
    EXPECT_EQ(decode(head + std::string(1 << 20U, 'x') + "\n", diagnostics, counts),
              "unreadable record\n");
    EXPECT_EQ(counts.malformed, 1U);
    EXPECT_EQ(diagnostics.count(), 2U);
}

TEST(AuditDecoderTest, more_events_than_may_wait_give_up_the_oldest) {
    for (const std::size_t count : {AuditDecoder::kPendingMax, AuditDecoder::kPendingMax + 1}) {
        std::string text;
        for (std::size_t i = 1; i <= count; ++i) {
            text += "type=SYSCALL msg=audit(1700000000.000:" + std::to_string(i) +
                    "): arch=c000003e syscall=257 success=yes exit=3 items=1 pid=9\n";
        }
        text += "type=PATH msg=audit(1700000000.000:1): item=0 name=\"/a\" nametype=NORMAL\n";
        Diagnostics diagnostics;
        DecoderCounts counts;
        decode(text, diagnostics, counts);
        EXPECT_EQ(counts.events, count == AuditDecoder::kPendingMax ? 1U : 0U);
        EXPECT_EQ(counts.incomplete, count - counts.events);
    }
}

TEST(AuditDecoderTest, serials_of_machines_past_the_limit_are_not_mixed) {
    std::string text;
    for (std::size_t i = 0; i < AuditDecoder::kNodesMax + 10; ++i) {
        text += "node=mx" + std::to_string(i) +
                " type=USER_LOGIN msg=audit(1700000000.000:" + std::to_string(1 + i * 1000) +
                "): pid=9 msg='op=login res=success'\n";
    }
    Diagnostics diagnostics;
    DecoderCounts counts;
    const std::string seen = decode(text, diagnostics, counts);
    EXPECT_EQ(seen.find("missing"), std::string::npos);
    EXPECT_EQ(counts.events, AuditDecoder::kNodesMax + 10);
    EXPECT_EQ(diagnostics.count(), 1U);
}

}  // namespace
}  // namespace mailvigil::ingest::adapter::audit_log

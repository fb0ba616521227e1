// testdata/feed/NAME/*.case: what each sensor makes of bytes that a kernel, or a journal, once
// wrote.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "sensor/ebpf/decoder.h"
#include "sensor/journal_entry.h"
#include "sensor/name_event.h"
#include "sensor/world.h"
#include "testing/case_file.h"

namespace mailvigil::sensor {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::byte byte_of(std::string_view digits) {
    return static_cast<std::byte>(std::stoul(std::string(digits), nullptr, 16));
}

/// Records in hex: a '+' begins one, what follows indented belongs to it.
std::vector<std::vector<std::byte>> records_of(std::string_view text) {
    std::vector<std::vector<std::byte>> records;
    for (const std::string_view line : lines_of(text)) {
        if (line.starts_with('+')) {
            records.emplace_back();
        }
        for (std::size_t i = 2; i + 1 < line.size(); i += 2) {
            records.back().push_back(byte_of(line.substr(i, 2)));
        }
    }
    return records;
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return text;
}

void describe(const Event& event, std::string& text) {
    text += fmt::format("{} {}", to_text(event.event_class), event.event_action());
    const auto put = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            text += fmt::format(" {}={}", name, value);
        }
    };
    const auto put_number = [&](std::string_view name, Field field) {
        if (event.has(field)) {
            text += fmt::format(" {}={}", name, event.number_of(field));
        }
    };
    put("outcome", event.event_outcome() == "success" ? "" : event.event_outcome());
    put_number("pid", Field::process_pid);
    put_number("parent", Field::process_parent_pid);
    put_number("child", Field::process_child_pid);
    put("exe", event.process_executable());
    put("comm", event.process_name());
    put_number("uid", Field::user_id);
    put_number("auid", Field::login_user_id);
    put_number("ses", Field::session_id);
    put("device", event.file_device());
    put_number("inode", Field::file_inode);
    put("path", event.file_path());
    put("cwd", event.process_working_directory());
    if (event.has(Field::process_args)) {
        text += fmt::format(" args=[{}]", fmt::join(event.process_args(), "|"));
    }
    if (event.has(Field::process_streams)) {
        text += fmt::format(" streams=[{}]", fmt::join(event.process_streams(), "|"));
    }
    if (event.has(Field::process_exit_code)) {
        text += fmt::format(" code={}", event.process_exit_code());
    }
    put("user", event.event_class == EventClass::session ? event.user_name() : "");
    put("operation", event.session_operation());
    put("from", event.has(Field::source_ip) ? render(event.source_ip()) : "");
    put("terminal", event.session_terminal());
    put("command", event.process_command_line());
    put("unit", event.service_name());
    text += '\n';
}

CASE_TEST(EbpfCases, "testdata/feed/ebpf") {
    World world;
    WatchPlan plan;
    for (const std::string_view path : lines_of(case_file.section("plan"))) {
        plan.places.push_back({.path = std::string(path)});
    }
    world.plan.set(plan);
    ebpf::SumBook sums;
    ebpf::Decoder decoder(world, sums);
    EventBatch batch;
    std::string text;
    for (const auto& record : records_of(case_file.section("records"))) {
        decoder.decode(record, batch);
        for (const EndedProcess& ended : std::exchange(world.ended, {})) {
            decoder.give_exit(ended, batch);
        }
        for (const Event& event : batch.events()) {
            describe(event, text);
        }
        batch.clear();
    }
    text += fmt::format("malformed {}\n", decoder.counts().malformed);
    check(case_file, "expect", text);
}

// The kernel writes no such thing; a reader that trusts its own lengths would be the way in.
TEST(EbpfDecoderTest, records_that_are_cut_or_garbled_at_any_byte_do_no_harm) {
    const auto loaded = testing::CaseFile::load("testdata/feed/ebpf/pipe_to_gzip.case");
    ASSERT_TRUE(loaded) << loaded.error().message;
    World world;
    world.plan.set({.places = {{.path = "/srv/mail"}}, .boundaries = {}});
    ebpf::SumBook sums;
    ebpf::Decoder decoder(world, sums);
    EventBatch batch;
    const auto decode = [&](const std::vector<std::byte>& record) {
        decoder.decode(record, batch);
        decoder.give_fed(batch);
        world.ended.clear();
        batch.clear();
    };
    std::size_t decoded = 0;
    for (const auto& record : records_of(loaded->section("records"))) {
        for (std::size_t at = 4; at < record.size(); at += 3) {
            std::vector<std::byte> cut(record.begin(),
                                       record.begin() + static_cast<std::ptrdiff_t>(at));
            const auto size = static_cast<std::uint32_t>(at);
            std::memcpy(cut.data(), &size, sizeof(size));
            decode(cut);
            std::vector<std::byte> garbled = record;
            garbled[at] = ~garbled[at];
            decode(garbled);
            decoded += 2;
        }
    }
    EXPECT_EQ(decoder.counts().records, decoded);
}

CASE_TEST(FanotifyCases, "testdata/feed/fanotify") {
    std::string text;
    for (const auto& bytes : records_of(case_file.section("bytes"))) {
        const std::size_t malformed = parse_name_events(bytes, [&](const NameEvent& event) {
            text += fmt::format("mask {:#x} pid {} in {} name {}",
                                event.mask,
                                event.pid,
                                hex(event.place.handle),
                                event.place.name);
            if (!event.moved.handle.empty()) {
                text += fmt::format(" to {} name {}", hex(event.moved.handle), event.moved.name);
            }
            text += fmt::format(" file {}\n", hex(event.file.handle));
        });
        text += fmt::format("malformed {}\n", malformed);
    }
    check(case_file, "expect", text);
}

CASE_TEST(JournalCases, "testdata/feed/journal") {
    std::string text;
    EventBatch batch;
    JournalEntry entry;
    const auto give = [&] {
        text += give_journal_entry(entry, batch) ? "" : "nothing\n";
        for (const Event& event : batch.events()) {
            describe(event, text);
        }
        batch.clear();
        entry = {};
    };
    for (const std::string_view line : lines_of(case_file.section("entries"))) {
        if (line.empty()) {
            give();
        }
        set_journal_field(line, entry);
    }
    give();
    check(case_file, "expect", text);
}

}  // namespace
}  // namespace mailvigil::sensor

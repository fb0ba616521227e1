#include "event/canonical.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "base/escape.h"
#include "testing/case_file.h"

namespace mailvigil {

namespace {

constexpr Timestamp kTime{std::chrono::nanoseconds(1'795'400'047'120'000'000)};

std::string render(const Event& event) {
    std::string text;
    render_canonical(event, text);
    return text;
}

/// "same": it was accepted and renders to the same bytes; else what it renders to, or the error.
std::string outcome(std::string_view text) {
    const auto batch = std::make_unique<EventBatch>();
    const auto decoded = decode_canonical(text, *batch);
    EXPECT_EQ(batch->events().size(), decoded ? 1U : 0U);
    if (!decoded) {
        return fmt::format("{}: {}",
                           decoded.error().code == ErrorCode::unknown ? "unknown" : "malformed",
                           decoded.error().message);
    }
    const std::string again = render(batch->events()[0]);
    return again == text ? "same" : "as " + again;
}

CASE_TEST(CanonicalCases, "testdata/event/canonical") {
    std::string_view texts = case_file.section("texts");
    std::string expect;
    while (!texts.empty()) {
        const std::size_t end = texts.find('\n');
        expect += outcome(texts.substr(0, end)) + "\n";
        texts.remove_prefix(end + 1);
    }
    testing::check(case_file, "expect", expect);
}

TEST(canonical, the_names_of_all_fields_differ) {
    std::set<std::string_view> names;
    for (const FieldRow& row : field_rows()) {
        EXPECT_TRUE(names.insert(row.ecs).second) << row.ecs;
    }
}

TEST(canonical, members_are_in_order_and_texts_escaped_or_in_base64) {
    Event event;
    event.reset(EventClass::access, kTime);
    event.set_process_pid(4711);
    event.set_process_executable("/usr/bin/cat");
    event.set_message("a \"quoted\"\tline\x01\x7f \xe2\x80\xa8");
    event.set_user_name("b\xff");
    event.set_source_ip(*parse_address("192.0.2.255"));
    event.set_file_modified(Timestamp(std::chrono::nanoseconds(-1)));
    EXPECT_EQ(render(event),
              "{\"@timestamp\":\"2026-11-23T02:14:07.120000000Z\","
              "\"file.mtime\":\"1969-12-31T23:59:59.999999999Z\","
              "\"mailvigil.class\":\"access\","
              "\"message\":\"a \\\"quoted\\\"\\tline\\u0001\x7f \xe2\x80\xa8\","
              "\"process.executable\":\"/usr/bin/cat\",\"process.pid\":4711,"
              "\"source.ip\":\"192.0.2.255\",\"user.name#base64\":\"Yv8=\"}");
}

TEST(canonical, one_text_of_many_that_is_not_valid_puts_all_in_base64) {
    Event event;
    event.reset(EventClass::process_start, kTime);
    const std::string_view args[] = {"cat", "\xed\xa0\x80", ""};
    event.set_process_args(args);
    EXPECT_TRUE(render(event).ends_with("\"process.args#base64\":[\"Y2F0\",\"7aCA\",\"\"]}"))
        << render(event);
}

TEST(canonical, rendering_adds_to_what_is_there) {
    Event event;
    event.reset(EventClass::gap, kTime);
    std::string text = "before ";
    render_canonical(event, text);
    EXPECT_EQ(text,
              "before {\"@timestamp\":\"2026-11-23T02:14:07.120000000Z\","
              "\"mailvigil.class\":\"gap\"}");
}

TEST(canonical, a_long_text_is_kept_whole) {
    for (const std::size_t size : {255U, 256U, 257U, 1023U, 1024U, 1025U, 60'000U, 200'000U}) {
        for (const char* piece : {"x", "\n", "\xc3\xa9", "\xff"}) {
            std::string message;
            while (message.size() < size) {
                message += piece;
            }
            Event event;
            event.reset(EventClass::content, kTime);
            event.set_message(message);
            const auto batch = std::make_unique<EventBatch>();
            const auto decoded = decode_canonical(render(event), *batch);
            ASSERT_TRUE(decoded) << decoded.error().message;
            EXPECT_EQ(batch->events()[0].message(), message);
        }
    }
}

TEST(canonical, texts_in_the_batch_outlive_what_was_read) {
    const auto batch = std::make_unique<EventBatch>();
    {
        std::string text =
            "{\"@timestamp\":\"2026-11-23T02:14:07.120000000Z\",\"mailvigil.class\":\"access\","
            "\"message\":\"plain\",\"process.args\":[\"a\\nb\",\"\"]}";
        ASSERT_TRUE(decode_canonical(text, *batch));
        std::ranges::fill(text, '?');
    }
    const Event& event = batch->events()[0];
    EXPECT_EQ(event.event_class, EventClass::access);
    EXPECT_EQ(event.time, kTime);
    EXPECT_EQ(event.message(), "plain");
    ASSERT_EQ(event.process_args().size(), 2U);
    EXPECT_EQ(event.process_args()[0], "a\nb");
    EXPECT_EQ(event.process_args()[1], "");
    EXPECT_FALSE(event.has(Field::process_pid));
}

TEST(canonical, an_error_leaves_the_events_before_it) {
    const auto batch = std::make_unique<EventBatch>();
    Event event;
    event.reset(EventClass::access, kTime);
    event.set_message("first");
    const std::string text = render(event);
    ASSERT_TRUE(decode_canonical(text, *batch));
    EXPECT_FALSE(decode_canonical(text.substr(1), *batch));
    ASSERT_TRUE(decode_canonical(text, *batch));
    ASSERT_EQ(batch->events().size(), 2U);
    EXPECT_EQ(render(batch->events()[0]), text);
    EXPECT_EQ(render(batch->events()[1]), text);
}

TEST(canonical, an_error_shows_the_start_of_a_long_name_only) {
    const std::string name(50'000, 'n');
    EXPECT_LT(
        outcome("{\"@timestamp\":\"2026-11-23T02:14:07.120000000Z\",\"" + name + "\":?}").size(),
        300U);
}

TEST(utf8, is_valid_or_not) {
    using namespace std::string_view_literals;
    for (const std::string_view text : {""sv,
                                        "plain"sv,
                                        "\0\x7f"sv,
                                        "\xc2\x80"sv,
                                        "\xef\xbf\xbf"sv,
                                        "\xed\x9f\xbf"sv,
                                        "\xf0\x90\x80\x80"sv,
                                        "\xf4\x8f\xbf\xbf"sv}) {
        EXPECT_TRUE(is_valid_utf8(text)) << escape_for_terminal(text);
    }
    for (const std::string_view text : {"\x80"sv,
                                        "a\xff"sv,
                                        "\xc0\x80"sv,
                                        "\xc3"sv,
                                        "\xe0\x80\x80"sv,
                                        "\xed\xa0\x80"sv,
                                        "\xed\xbf\xbf"sv,
                                        "\xf0\x80\x80\x80"sv,
                                        "\xf4\x90\x80\x80"sv,
                                        "\xf0\x9f\x98"sv}) {
        EXPECT_FALSE(is_valid_utf8(text)) << escape_for_terminal(text);
    }
}

}  // namespace

}  // namespace mailvigil

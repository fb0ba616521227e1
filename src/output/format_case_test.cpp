// Every format by its cases, testdata/format/FORMAT/*.case. `event` describes an event by lines of
// "name: value" in ECS names (a list has a line an entry, "name:" alone is an empty list); each
// section `expect [WIDTH] [colour]` is what the format makes of it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "event/event_batch.h"
#include "output/format/roster.h"
#include "testing/case_file.h"

namespace mailvigil::output {
namespace {

using testing::CaseFile;
using testing::check;

constexpr EventClass kClasses[] = {EventClass::process_start,
                                   EventClass::process_exit,
                                   EventClass::file_open,
                                   EventClass::file_rename,
                                   EventClass::network_connection,
                                   EventClass::session,
                                   EventClass::configuration,
                                   EventClass::gap,
                                   EventClass::access,
                                   EventClass::finding};

const Format* find_format(std::string_view name) {
    const auto& roster = format::roster();
    const auto found = std::ranges::find(roster, name, &Format::name);
    return found == roster.end() ? nullptr : *found;
}

const FieldRow* find_row(std::string_view ecs) {
    const auto found = std::ranges::find(field_rows(), ecs, &FieldRow::ecs);
    return found == field_rows().end() ? nullptr : &*found;
}

template <class Number>
Number number_of(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    EXPECT_TRUE(error == std::errc{} && end == text.data() + text.size()) << text;
    return value;
}

/// The event that a description tells of. Bytes live in the batch.
class Described {
  public:
    explicit Described(std::string_view text) {
        while (!text.empty()) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(text.size(), line.size() + 1));
            take(line.substr(0, line.find(": ")),
                 line.contains(": ") ? line.substr(line.find(": ") + 2) : std::string_view());
        }
        for (const auto& [row, values] : lists_) {
            const auto views = batch_.arena().array<std::string_view>(values.size());
            std::ranges::copy(values, views.begin());
            event_.put(row->field, std::span<const std::string_view>(views));
        }
    }

    [[nodiscard]] const Event& event() const { return event_; }

  private:
    void take(std::string_view name, std::string_view value) {
        if (name == "class") {
            const auto* known =
                std::ranges::find(kClasses, value, [](EventClass of) { return to_text(of); });
            ASSERT_NE(known, std::end(kClasses)) << value;
            event_.event_class = *known;
        } else if (name == "@timestamp") {
            event_.time = parse_timestamp(value).value();
        } else if (name.ends_with(':')) {
            lists_[find_row(name.substr(0, name.size() - 1))];
        } else {
            const FieldRow* row = find_row(name);
            ASSERT_NE(row, nullptr) << name;
            put(*row, value);
        }
    }

    void put(const FieldRow& row, std::string_view value) {
        switch (row.type) {
            case FieldType::text:
                return event_.put(row.field, batch_.arena().copy(value));
            case FieldType::texts:
                lists_[&row].push_back(batch_.arena().copy(value));
                return;
            case FieldType::number:
                return event_.put(row.field, number_of<std::uint64_t>(value));
            case FieldType::integer:
                return event_.put(row.field, number_of<std::int64_t>(value));
            case FieldType::address:
                return event_.put(row.field, parse_address(value).value());
            case FieldType::time:
                return event_.put(row.field, parse_timestamp(value).value());
        }
    }

    EventBatch batch_;
    Event& event_ = batch_.add(EventClass::finding, {});
    std::map<const FieldRow*, std::vector<std::string_view>> lists_;
};

/// `expect`, `expect 60`, `expect 60 colour`.
Medium medium_of(std::string_view section) {
    Medium medium;
    medium.colour = section.ends_with(" colour") ? Colour::always : Colour::never;
    section.remove_prefix(std::min(section.size(), std::string_view("expect ").size()));
    const std::string_view width = section.substr(0, section.find(' '));
    if (!width.empty() && width != "colour") {
        medium.width = number_of<std::size_t>(width);
    }
    return medium;
}

/// A terminal must get no byte that steers it but our own colours.
void expect_harmless(std::string_view text) {
    std::string plain(text);
    for (const std::string_view ours :
         {"\x1b[1;31m", "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[0m"}) {
        for (auto at = plain.find(ours); at != std::string::npos; at = plain.find(ours)) {
            plain.erase(at, ours.size());
        }
    }
    EXPECT_TRUE(std::ranges::all_of(plain, [](char c) {
        return c == '\n' || static_cast<unsigned char>(c) >= 0x20;
    })) << text;
}

void expect_no_name_twice(const rapidjson::Value& value) {
    if (value.IsArray()) {
        for (const auto& item : value.GetArray()) {
            expect_no_name_twice(item);
        }
    } else if (value.IsObject()) {
        std::set<std::string> names;
        for (const auto& member : value.GetObject()) {
            EXPECT_TRUE(names.insert(member.name.GetString()).second) << member.name.GetString();
            expect_no_name_twice(member.value);
        }
    }
}

void expect_one_json_line(std::string_view text) {
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
    EXPECT_FALSE(document.HasParseError()) << document.GetErrorOffset() << " in " << text;
    if (!document.HasParseError()) {
        expect_no_name_twice(document);
    }
}

void check_case(CaseFile& case_file, std::string_view name) {
    const Format* format = find_format(name);
    ASSERT_NE(format, nullptr);
    const Described described(case_file.section("event"));
    std::vector<std::string> sections;
    for (const auto& section : case_file.sections()) {
        if (section.name.starts_with("expect")) {
            sections.push_back(section.name);
        }
    }
    ASSERT_FALSE(sections.empty());
    for (const std::string& section : sections) {
        std::string out;
        format->render(described.event(), medium_of(section), out);
        if (format->for_people) {
            expect_harmless(out);
        } else {
            expect_one_json_line(out);
        }
        check(case_file, section, out);
    }
}

CASE_TEST(TextCases, "testdata/format/text") {
    check_case(case_file, "text");
}

CASE_TEST(NdjsonCases, "testdata/format/ndjson") {
    check_case(case_file, "ndjson");
}

std::string all_fields_as(const Format& format, std::string_view text) {
    EventBatch batch;
    const std::string_view list[] = {text, text};
    Event& event = batch.add(EventClass::finding, Timestamp{});
    for (const FieldRow& row : field_rows()) {
        switch (row.type) {
            case FieldType::text:
                event.put(row.field, text);
                break;
            case FieldType::texts:
                event.put(row.field, std::span<const std::string_view>(list));
                break;
            case FieldType::number:
                event.put(row.field, std::uint64_t{18446744073709551615U});
                break;
            case FieldType::integer:
                event.put(row.field, std::int64_t{-1});
                break;
            case FieldType::address:
                event.put(row.field, IpAddress{});
                break;
            case FieldType::time:
                event.put(row.field, Timestamp{});
                break;
        }
    }
    std::string out;
    format.render(event, {}, out);
    return out;
}

TEST(FormatTest, hostile_bytes_in_every_field_stay_data) {
    for (const std::string_view hostile :
         {std::string_view("\x1b]0;owned\x07\x1b[2J"),
          std::string_view("a\nmailvigil: all is well\r\n"),
          std::string_view("\xff\xfe\x80 \xc0\xaf \xed\xa0\x80"),
          std::string_view("\xe2\x80\xae"
                           "cod.exe \xe2\x81\xa6"),
          std::string_view("<script>alert(1)</script>\"}, {\"x\": \""),
          std::string_view("nul\0byte", 8),
          std::string_view("{} %s %n {0:}"),
          std::string_view("")}) {
        for (const Format* format : format::roster()) {
            const std::string out = all_fields_as(*format, hostile);
            format->for_people ? expect_harmless(out) : expect_one_json_line(out);
        }
    }
}

TEST(FormatTest, the_same_event_gives_the_same_bytes) {
    for (const Format* format : format::roster()) {
        EXPECT_EQ(all_fields_as(*format, "text"), all_fields_as(*format, "text"));
    }
}

TEST(FormatTest, no_event_class_is_without_a_rendering) {
    for (const EventClass event_class : kClasses) {
        for (const Format* format : format::roster()) {
            EventBatch batch;
            std::string out;
            format->render(batch.add(event_class, Timestamp{}), {}, out);
            EXPECT_TRUE(out.ends_with('\n')) << format->name;
        }
    }
}

}  // namespace
}  // namespace mailvigil::output

#include "output/table.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>

#include "output/columns.h"

namespace mailvigil::output {
namespace {

constexpr Column kColumns[] = {{.name = "when", .in_block = InBlock::leads},
                               {.name = "who", .in_block = InBlock::leads},
                               {.name = "why"},
                               {.name = "record", .shown = Shown::to_programs}};

Cell text(std::string value, Tone tone = Tone::plain) {
    return {.value = std::move(value), .text = {}, .tone = tone};
}

Cell none() {
    return {};
}

Row row(std::string_view who, std::string_view why, std::uint64_t record) {
    return {{.value = parse_timestamp("2026-11-23T02:14:07Z").value(), .text = "today 02:14:07"},
            text(std::string(who)),
            why.empty() ? none() : text(std::string(why), Tone::alarming),
            {.value = record, .text = {}}};
}

std::string rendered(TableForm form, const std::vector<Row>& rows, const Medium& medium = {}) {
    std::string out;
    Table table(form, kColumns, medium, [&](std::string_view part) { out += part; });
    for (const Row& one : rows) {
        table.add(one);
    }
    table.finish();
    return out;
}

const std::vector<Row>& two_rows() {
    static const std::vector<Row> kRows = {row("root (operator1, ssh)", "incident 17", 48211),
                                           row("hr", "", 7)};
    return kRows;
}

TEST(TableTest, people_get_columns_without_trailing_blanks) {
    EXPECT_EQ(rendered(TableForm::text, two_rows()),
              "WHEN            WHO                    WHY\n"
              "today 02:14:07  root (operator1, ssh)  incident 17\n"
              "today 02:14:07  hr\n");
}

TEST(TableTest, the_widest_column_gives_way_and_wraps_at_words) {
    const std::string why = "a script read several owners' mailboxes and sent them elsewhere";
    EXPECT_EQ(
        rendered(TableForm::text, {row("hr", why, 1)}, {.colour = Colour::never, .width = 60}),
        "WHEN            WHO  WHY\n"
        "today 02:14:07  hr   a script read several owners' mailboxes\n"
        "                     and sent them elsewhere\n");
}

TEST(TableTest, narrow_media_get_a_block_a_record) {
    EXPECT_EQ(rendered(TableForm::text, two_rows(), {.colour = Colour::never, .width = 40}),
              "today 02:14:07  root (operator1, ssh)\n"
              "  why incident 17\n"
              "today 02:14:07  hr\n");
    EXPECT_EQ(rendered(TableForm::text, two_rows(), {.colour = Colour::never, .width = 24}),
              "today 02:14:07\n"
              "  root (operator1, ssh)\n"
              "  why incident 17\n"
              "today 02:14:07  hr\n");
}

TEST(TableTest, records_become_blocks_before_a_column_starves) {
    std::string why;
    for (int i = 0; i < 80; ++i) {
        why += "one more ";
    }
    const std::string out =
        rendered(TableForm::text, {row("hr", why, 1)}, {.colour = Colour::never, .width = 100});
    EXPECT_TRUE(out.starts_with("today 02:14:07  hr\n  why one more ")) << out;
    EXPECT_EQ(std::ranges::count(out, '\n'), 9) << out;
}

TEST(TableTest, a_word_is_not_broken_to_make_a_column_fit) {
    const std::vector<Row> rows = {row("/usr/lib/postfix/sbin", "role postfix and words", 1)};
    EXPECT_EQ(rendered(TableForm::text, rows, {.colour = Colour::never, .width = 60}),
              "WHEN            WHO                    WHY\n"
              "today 02:14:07  /usr/lib/postfix/sbin  role postfix and\n"
              "                                       words\n");
}

TEST(TableTest, a_column_that_is_empty_in_every_row_is_not_shown) {
    EXPECT_EQ(rendered(TableForm::text, {row("hr", "", 1), row("ceo", "", 2)}),
              "WHEN            WHO\n"
              "today 02:14:07  hr\n"
              "today 02:14:07  ceo\n");
    std::vector<Row> rows(kTableRowsMeasured, row("hr", "", 1));
    rows.push_back(row("hr", "late", 2));
    EXPECT_TRUE(rendered(TableForm::text, rows).ends_with("\ntoday 02:14:07  hr\n  why late\n"));
}

TEST(TableTest, no_line_is_wider_than_the_medium) {
    const std::vector<Row> rows = {row(std::string(300, 'x'), std::string(90, 'y'), 1),
                                   row("ünïcödé ünïcödé ünïcödé ünïcödé ünïcödé ünïcödé", "z", 2)};
    for (std::size_t width = 20; width < 200; ++width) {
        const std::string out =
            rendered(TableForm::text, rows, {.colour = Colour::never, .width = width});
        for (std::string_view rest = out; !rest.empty();) {
            const std::string_view line = rest.substr(0, rest.find('\n'));
            EXPECT_LE(columns_of(line), width) << line;
            rest.remove_prefix(line.size() + 1);
        }
        EXPECT_EQ(std::ranges::count(out, 'x'), 300);
    }
}

TEST(TableTest, colour_only_where_there_is_colour) {
    EXPECT_NE(rendered(TableForm::text, two_rows(), {.colour = Colour::always, .width = 80})
                  .find("\x1b[31mincident 17\x1b[0m"),
              std::string::npos);
    EXPECT_EQ(rendered(TableForm::text, two_rows()).find('\x1b'), std::string::npos);
    EXPECT_EQ(
        rendered(TableForm::csv, two_rows(), {.colour = Colour::always, .width = 80}).find('\x1b'),
        std::string::npos);
}

TEST(TableTest, programs_get_the_same_names_and_the_record) {
    const std::string wanted =
        R"j({"when":"2026-11-23T02:14:07.000Z","who":"root (operator1, ssh)",)j"
        R"("why":"incident 17","record":48211})"
        "\n"
        R"({"when":"2026-11-23T02:14:07.000Z","who":"hr","record":7})"
        "\n";
    EXPECT_EQ(rendered(TableForm::ndjson, two_rows()), wanted);
    EXPECT_EQ(rendered(TableForm::csv, two_rows()),
              "when,who,why,record\r\n"
              "2026-11-23T02:14:07.000Z,\"root (operator1, ssh)\",incident 17,48211\r\n"
              "2026-11-23T02:14:07.000Z,hr,,7\r\n");
}

TEST(TableTest, json_is_one_array_however_many_rows) {
    for (const std::size_t count : {0U, 1U, 2U, 700U}) {
        rapidjson::Document document;
        document.Parse(
            rendered(TableForm::json, std::vector<Row>(count, row("a", "b", 1))).c_str());
        ASSERT_FALSE(document.HasParseError());
        ASSERT_TRUE(document.IsArray());
        EXPECT_EQ(document.Size(), count);
    }
}

TEST(TableTest, nothing_is_nothing) {
    EXPECT_EQ(rendered(TableForm::text, {}), "");
    EXPECT_EQ(rendered(TableForm::ndjson, {}), "");
    EXPECT_EQ(rendered(TableForm::csv, {}), "when,who,why,record\r\n");
}

TEST(TableTest, rows_beyond_the_measured_ones_still_fit) {
    std::vector<Row> rows(kTableRowsMeasured, row("hr", "x", 1));
    rows.push_back(row("a name that nobody saw coming", "y", 2));
    const std::string out = rendered(TableForm::text, rows);
    EXPECT_NE(out.find("\ntoday 02:14:07  a    y\n                nam\n"), std::string::npos)
        << out;
}

TEST(TableTest, csv_quotes_by_rfc_4180_and_defuses_formulas) {
    EXPECT_EQ(rendered(TableForm::csv, {row("a,\"b\"\r\nc", "=HYPERLINK(1)", 1)}),
              "when,who,why,record\r\n"
              "2026-11-23T02:14:07.000Z,\"a,\"\"b\"\"\r\nc\",'=HYPERLINK(1),1\r\n");
}

TEST(TableTest, csv_on_a_terminal_is_escaped) {
    const std::vector<Row> rows = {row("\x1b[2J", "\xe2\x80\xae", 1)};
    const std::string file = rendered(TableForm::csv, rows);
    EXPECT_NE(file.find('\x1b'), std::string::npos);
    const std::string shown =
        rendered(TableForm::csv, rows, {.colour = Colour::never, .width = 80, .terminal = true});
    EXPECT_EQ(shown.find('\x1b'), std::string::npos);
    EXPECT_NE(shown.find(R"(,\x1b[2J,\u{202e},1)"), std::string::npos) << shown;
}

TEST(TableTest, hostile_bytes_stay_data) {
    const std::string hostile = "\x1b]0;owned\x07\xff\n\xe2\x80\xae";
    const std::string out = rendered(TableForm::text, {row(hostile, hostile, 1)});
    EXPECT_TRUE(std::ranges::all_of(
        out, [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; }));
    EXPECT_EQ(std::ranges::count(out, '\n'), 2);
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(
        rendered(TableForm::json, {row(hostile, hostile, 1)}).c_str());
    EXPECT_FALSE(document.HasParseError());
}

TEST(TableTest, forms_are_known_by_name) {
    EXPECT_EQ(parse_table_form("csv"), TableForm::csv);
    EXPECT_EQ(parse_table_form("text"), TableForm::text);
    EXPECT_FALSE(parse_table_form("xml").has_value());
}

}  // namespace
}  // namespace mailvigil::output

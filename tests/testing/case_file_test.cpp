#include "testing/case_file.h"

#include <gtest/gtest-spi.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace mailvigil::testing {
namespace {

constexpr std::string_view kText =
    "# An alias that pipes.\n"
    "-- /etc/aliases --\n"
    "support: \"|/bin/ticket\"\n"
    "\\-- not a section --\n"
    "-- bytes (escaped) --\n"
    "a\\x00\\\\b\n"
    "no newline\\\n"
    "-- expect --\n"
    "one\n"
    "-- empty --\n";

CaseFile parsed(std::string_view text) {
    auto file = CaseFile::parse(text, "x.case");
    EXPECT_TRUE(file.has_value()) << file.error().message;
    return file ? std::move(*file) : CaseFile();
}

/// A case file of its own in the folder for scratch files, and MAILVIGIL_UPDATE as given, until the
/// end of the test.
class CheckTest : public ::testing::Test {
  protected:
    void TearDown() override {
        std::filesystem::remove(path);
        if (before.empty()) {
            unsetenv("MAILVIGIL_UPDATE");
        } else {
            setenv("MAILVIGIL_UPDATE", before.c_str(), 1);
        }
    }

    CaseFile open(const char* update) {
        setenv("MAILVIGIL_UPDATE", update, 1);
        std::ofstream(path) << kText;
        auto file = CaseFile::load(path);
        EXPECT_TRUE(file.has_value());
        return std::move(*file);
    }

    std::string text() const {
        std::ifstream stream(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    std::string before =
        std::getenv("MAILVIGIL_UPDATE") != nullptr ? std::getenv("MAILVIGIL_UPDATE") : "";
    std::filesystem::path path =
        std::filesystem::path(::testing::TempDir()) /
        ("mailvigil_" +
         std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + ".case");
};

TEST(CaseFileTest, sections_hold_whole_lines_and_escaped_ones_any_bytes) {
    const CaseFile file = parsed(kText);
    ASSERT_EQ(file.sections().size(), 4U);
    EXPECT_EQ(file.section("/etc/aliases"), "support: \"|/bin/ticket\"\n-- not a section --\n");
    EXPECT_EQ(file.section("bytes"), std::string_view("a\0\\b\nno newline", 15));
    EXPECT_EQ(file.section("empty"), "");
    EXPECT_EQ(file.section_or("absent", "otherwise"), "otherwise");
    EXPECT_FALSE(file.has("absent"));
}

TEST(CaseFileTest, render_gives_the_file_again) {
    EXPECT_EQ(parsed(kText).render(), kText);
}

TEST(CaseFileTest, what_is_not_of_the_format_is_refused_with_its_line) {
    const auto message = [](std::string_view text) {
        const auto file = CaseFile::parse(text, "x.case");
        return file ? std::string("accepted") : file.error().message;
    };
    EXPECT_EQ(message("stray\n"),
              "x.case:1: only lines of '#' may stand before the first `-- section --`");
    EXPECT_EQ(message("-- a --\nx"), "x.case:2: the last line has no newline");
    EXPECT_EQ(message("-- a --\n-- a --\n"), "x.case:2: section \"a\" stands twice");
    EXPECT_EQ(message("-- a (escaped) --\n\\q\n"),
              "x.case:0: section \"a\" has a backslash that escapes nothing");
}

TEST(CaseFileTest, an_absent_section_fails_the_test) {
    static CaseFile file;
    file = parsed(kText);
    EXPECT_NONFATAL_FAILURE(static_cast<void>(file.section("absent")), "has no section \"absent\"");
}

TEST_F(CheckTest, compares_and_leaves_the_file_alone) {
    static CaseFile file;
    file = open("0");
    check(file, "expect", "one");
    check(file, "expect", "one\n");
    EXPECT_NONFATAL_FAILURE(check(file, "expect", "two"), "section \"expect\"");
    EXPECT_NONFATAL_FAILURE(check(file, "bytes", "two"), "section \"bytes\"");
    EXPECT_EQ(text(), kText);
}

TEST_F(CheckTest, rewrites_and_adds_when_updating) {
    CaseFile file = open("1");
    check(file, "expect", "-- two --");
    check(file, "bytes", "\x7f");
    check(file, "new", "three");
    EXPECT_EQ(text(),
              "# An alias that pipes.\n"
              "-- /etc/aliases --\n"
              "support: \"|/bin/ticket\"\n"
              "\\-- not a section --\n"
              "-- bytes (escaped) --\n"
              "\\x7f\\\n"
              "-- expect --\n"
              "\\-- two --\n"
              "-- empty --\n"
              "-- new --\n"
              "three\n");
}

// The helpers over a folder, on the case files of this one.
TEST(CaseFolderTest, each_case_is_seen_once_in_order) {
    std::vector<std::string> names;
    for_each_case("tests/testing/testdata", [&](CaseFile& file) {
        names.push_back(case_name(file.path().string(), "tests/testing/testdata"));
    });
    EXPECT_EQ(names, (std::vector<std::string>{"first", "nested_second"}));
}

CASE_TEST(CaseTestMacro, "tests/testing/testdata") {
    check(case_file, "expect", std::string(case_file.section("input")) + "seen\n");
}

}  // namespace
}  // namespace mailvigil::testing

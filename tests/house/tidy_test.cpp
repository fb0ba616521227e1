// The rules of the house about its own text, over every file; and each rule on text that breaks it.
#include "house/tidy.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <string>

#include "house/repository.h"

namespace mailvigil::house {
namespace {

template <class Check>
Violations over_cpp(Check check) {
    Violations all;
    for (const std::string& file : repository_files()) {
        if (is_cpp(file)) {
            const Violations found = check(file, repository_text(file));
            all.insert(all.end(), found.begin(), found.end());
        }
    }
    return all;
}

TEST(TidyTest, layout_of_sources) {
    const Violations found = over_cpp(layout_violations);
    EXPECT_TRUE(found.empty()) << listed(found);
}

TEST(TidyTest, language_of_sources) {
    Violations found = over_cpp(language_violations);
    for (std::string& stale : stale_permissions(repository_files())) {
        found.push_back(std::move(stale));
    }
    EXPECT_TRUE(found.empty()) << listed(found);
}

TEST(TidyTest, names_of_sources) {
    const Violations found =
        over_cpp([](std::string_view path, std::string_view) { return name_violations(path); });
    EXPECT_TRUE(found.empty()) << listed(found);
}

TEST(TidyTest, unfinished_work_names_its_issue) {
    Violations all;
    for (const std::string& file : repository_files()) {
        // Recorded and crafted text may say anything.
        if (is_below(file, "testdata") || is_below(file, "recordings") ||
            is_below(file, "corpus")) {
            continue;
        }
        const Violations found = mark_violations(file, repository_text(file));
        all.insert(all.end(), found.begin(), found.end());
    }
    EXPECT_TRUE(all.empty()) << listed(all);
}

TEST(TidyTest, sizes_of_files) {
    Violations all;
    for (const std::string& file : repository_files()) {
        const Violations found = size_violations(file, repository_bytes(file));
        all.insert(all.end(), found.begin(), found.end());
    }
    EXPECT_TRUE(all.empty()) << listed(all);
}

TEST(TidyTest, changelog_has_its_shape_and_the_version_of_cmake) {
    std::string version;
    ASSERT_TRUE(RE2::PartialMatch(
        repository_text("CMakeLists.txt"), R"(project\(mailvigil VERSION ([\d.]+))", &version));
    const Violations found = changelog_violations(repository_text("CHANGELOG.md"), version);
    EXPECT_TRUE(found.empty()) << listed(found);
}

TEST(TidyRules, layout) {
    EXPECT_EQ(listed(layout_violations("a.cpp", std::string(120, 'x') + "\n")), "");
    EXPECT_EQ(listed(layout_violations("a.cpp", std::string(121, 'x') + "\n")),
              "\n  a.cpp:1: 121 columns");
    EXPECT_EQ(listed(layout_violations("a.cpp", "é\n\tx\ny \n")),
              "\n  a.cpp:2: a tab\n  a.cpp:3: a blank at the line's end");
    std::string lines;
    for (int i = 0; i < 700; ++i) {
        lines += "x\n";
    }
    EXPECT_EQ(listed(layout_violations("a.cpp", lines)), "");
    EXPECT_EQ(listed(layout_violations("a.cpp", lines + "x\n")),
              "\n  a.cpp:701: more than 700 lines");
}

TEST(TidyRules, language) {
    EXPECT_EQ(listed(language_violations(
                  "src/mail/a.cpp",
                  "// throw in a comment, \"quoted\"\n"
                  "auto text = \"throw \\\" catch\";\n"
                  "auto raw = R\"x(throw )\" catch)x\"; int n = 1'000; char c = '\"';\n"
                  "int rethrow = 0;\n"
                  "/* throw\n throw */ throw 1;\n"
                  "using namespace std::chrono_literals;\n"
                  "using namespace std;\n"
                  "std::shared_ptr<int> p;\n")),
              "\n  src/mail/a.cpp:6: throw outside the files that tidy.cpp lists"
              "\n  src/mail/a.cpp:8: using namespace"
              "\n  src/mail/a.cpp:9: shared_ptr outside the files that tidy.cpp lists");
    EXPECT_EQ(listed(language_violations("src/app/a.cpp", "std::shared_ptr<int> p;\n")), "");
    EXPECT_EQ(listed(language_violations("src/app/a.h", "// #pragma once\n")),
              "\n  src/app/a.h:1: a header without #pragma once");
    EXPECT_EQ(listed(language_violations("src/app/a.h", "#pragma once\n")), "");
}

TEST(TidyRules, marks) {
    const std::string mark = std::string("TO") + "DO";
    EXPECT_EQ(listed(mark_violations("a", mark + "(#12): x\n" + mark + "S\nx " + mark + ": y\n")),
              "\n  a:3: " + mark + " without an issue: " + mark + "(#12)");
}

TEST(TidyRules, names) {
    EXPECT_EQ(listed(name_violations("src/base/time_util.h")),
              "\n  src/base/time_util.h: \"util\" in a file's name says nothing");
    EXPECT_EQ(listed(name_violations("src/data/metadata_informed.cpp")), "");
}

TEST(TidyRules, sizes) {
    EXPECT_EQ(listed(size_violations("tests/recordings/a.zst", kRecordingBytesMax)), "");
    EXPECT_EQ(listed(size_violations("tests/recordings/a.zst", kRecordingBytesMax + 1)),
              "\n  tests/recordings/a.zst: 2097153 bytes, more than 2097152");
    EXPECT_EQ(listed(size_violations("a", kFileBytesMax)), "");
    EXPECT_EQ(listed(size_violations("a", kFileBytesMax + 1)),
              "\n  a: 524289 bytes, more than 524288");
}

TEST(TidyRules, changelog) {
    const std::string good =
        "# Changelog\n\nWords.\n\n## [0.2.0] - unreleased\n\n### Added\n\n- one\n  more\n\n"
        "## [0.1.0] - 2026-01-31\n\n### Fixed\n\n- two\n";
    EXPECT_EQ(listed(changelog_violations(good, "0.2.0")), "");
    EXPECT_EQ(listed(changelog_violations(good, "0.3.0")),
              "\n  CHANGELOG.md:5: the newest version is not 0.3.0");
    EXPECT_EQ(
        listed(changelog_violations(good + "## [0.1.1] - 2026-01-30\n### News\nthree\n", "0.2.0")),
        "\n  CHANGELOG.md:17: versions are not newest first"
        "\n  CHANGELOG.md:18: neither a version, a section nor an item of one");
    EXPECT_EQ(listed(changelog_violations(good + "three\n", "0.2.0")),
              "\n  CHANGELOG.md:17: neither a version, a section nor an item of one");
    EXPECT_EQ(listed(changelog_violations("", "0.2.0")),
              "\n  CHANGELOG.md:1: does not start with \"# Changelog\"\n  CHANGELOG.md:1: has no "
              "version");
}

}  // namespace
}  // namespace mailvigil::house

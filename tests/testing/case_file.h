// The .case format (docs/case-format.md): one file holds a test's inputs and what is expected of
// them, in sections
// `-- name --`. MAILVIGIL_UPDATE=1 in the environment rewrites expectations in place, so that
// review is a git diff.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mailvigil::testing {

struct CaseSection {
    std::string name;
    std::string content;   ///< whole lines; empty: no line
    bool escaped = false;  ///< stands in the file as `-- name (escaped) --`
};

class CaseFile {
  public:
    /// Fails when the file is unreadable or not of the format. A relative path is taken from the
    /// source tree's root.
    static Result<CaseFile> load(const std::filesystem::path& path);

    /// `path` is where store() writes and what failures name.
    static Result<CaseFile> parse(std::string_view text, std::filesystem::path path);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// All sections, in the file's order. For inputs that are trees of files, whose names start
    /// with '/'.
    [[nodiscard]] const std::vector<CaseSection>& sections() const { return sections_; }

    [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

    /// Content of the section; borrowed. A section that is not there fails the running test and
    /// reads as empty.
    [[nodiscard]] std::string_view section(std::string_view name) const;

    /// Content of the section; `otherwise` where there is none.
    [[nodiscard]] std::string_view section_or(std::string_view name,
                                              std::string_view otherwise) const;

    /// Replaces the section's content, or adds the section at the end.
    void put(std::string_view name, std::string content);

    /// The file's text again; parse(render()) is the same case.
    [[nodiscard]] std::string render() const;

    /// Writes render() to path().
    Result<> store() const;

  private:
    [[nodiscard]] const CaseSection* find(std::string_view name) const;

    std::filesystem::path path_;
    std::string comment_;
    std::vector<CaseSection> sections_;
};

/// Fails the running test unless the section's content is `actual`; an `actual` without final
/// newline gets one. With MAILVIGIL_UPDATE=1 the file is rewritten instead, the section added where
/// it is missing.
void check(CaseFile& case_file,
           std::string_view section,
           std::string_view actual,
           std::source_location where = std::source_location::current());

/// True with MAILVIGIL_UPDATE=1 in the environment.
bool updating();

/// Every .case file below the folder, sorted. A relative folder is taken from the source tree's
/// root.
std::vector<std::string> case_paths(const std::filesystem::path& folder);

/// Calls `body` with each case below the folder; failures name the file. A folder without a case
/// fails the test.
void for_each_case(const std::filesystem::path& folder, const std::function<void(CaseFile&)>& body);

/// "maildir/new_message.case" below the folder as a test's name: "maildir_new_message".
std::string case_name(std::string_view path, std::string_view folder);

/// What CASE_TEST derives from.
class CaseTest : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override;

    CaseFile case_file;
};

}  // namespace mailvigil::testing

/// One test per case below `folder`, named by its file; the body sees it as `case_file`:
///   CASE_TEST(MaildirCases, "testdata/store/maildir") {
///       check(case_file, "expect", describe(case_file.section("input")));
///   }
#define CASE_TEST(Suite, folder)                                                                  \
    class Suite : public ::mailvigil::testing::CaseTest {};                                       \
    INSTANTIATE_TEST_SUITE_P(cases,                                                               \
                             Suite,                                                               \
                             ::testing::ValuesIn(::mailvigil::testing::case_paths(folder)),       \
                             [](const auto& parameter) {                                          \
                                 return ::mailvigil::testing::case_name(parameter.param, folder); \
                             });                                                                  \
    TEST_P(Suite, agrees)

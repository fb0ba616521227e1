// Every roster entry has a case and every case an entry (docs/case-format.md says where cases
// live).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "house/repository.h"

namespace mailvigil::house {
namespace {

struct Roster {
    std::string folder;  ///< ROOM/FOLDER
    std::vector<std::string> entries;
};

/// Of rosters.txt: "room/folder: entries". A name that is a word of C++ ends with '_', its cases do
/// not.
std::vector<Roster> read_rosters(std::string_view text) {
    std::vector<Roster> rosters;
    for (const std::string_view line : lines_of(text)) {
        Roster roster{.folder = std::string(line.substr(0, line.find(':'))), .entries = {}};
        for (std::string_view entry :
             words_of(line.substr(std::min(line.size(), roster.folder.size() + 1)))) {
            entry.remove_suffix(entry.ends_with('_') ? 1 : 0);
            roster.entries.emplace_back(entry);
        }
        rosters.push_back(std::move(roster));
    }
    return rosters;
}

std::string testdata_of(const Roster& roster) {
    return fmt::format("testdata/{}/", roster.folder.substr(roster.folder.find('/') + 1));
}

/// The entry that a case is of, by its folder or by the start of its name: the longest that fits;
/// empty: none.
std::string entry_of(const Roster& roster, std::string_view case_path) {
    const std::size_t slash = case_path.find('/');
    const std::string_view name = case_path.substr(0, std::min(slash, case_path.size()));
    std::string best;
    for (const std::string& entry : roster.entries) {
        const bool fits = slash == std::string_view::npos ? name.starts_with(entry) : name == entry;
        if (fits && entry.size() > best.size()) {
            best = entry;
        }
    }
    return best;
}

std::vector<std::string> unmatched(const std::vector<Roster>& rosters,
                                   const std::vector<std::string>& files) {
    std::vector<std::string> violations;
    for (const Roster& roster : rosters) {
        const std::string folder = testdata_of(roster);
        std::set<std::string, std::less<>> tested;
        for (const std::string& file : files) {
            if (!file.starts_with(folder) || !file.ends_with(".case")) {
                continue;
            }
            const std::string entry =
                entry_of(roster, std::string_view(file).substr(folder.size()));
            if (entry.empty()) {
                violations.push_back(
                    fmt::format("{}: is of no entry of src/{}/", file, roster.folder));
            }
            tested.insert(entry);
        }
        for (const std::string& entry : roster.entries) {
            if (!tested.contains(entry)) {
                violations.push_back(fmt::format("src/{}/{}.cpp: has no case, {}{}/*.case",
                                                 roster.folder,
                                                 entry,
                                                 folder,
                                                 entry));
            }
        }
    }
    return violations;
}

TEST(RosterTest, every_entry_has_a_case_and_every_case_an_entry) {
    const auto rosters = read_rosters(build_text("rosters.txt"));
    const auto violations = unmatched(rosters, repository_files());
    EXPECT_TRUE(violations.empty()) << listed(violations);
}

TEST(RosterTest, a_missing_case_and_a_stray_case_are_named) {
    const auto rosters = read_rosters("mail/store: mbox mbox_dir\ncli/command: explain_\n");
    EXPECT_EQ(listed(unmatched(rosters,
                               {"testdata/command/explain.case",
                                "testdata/store/mbox_dir_two.case",
                                "testdata/store/mh/one.case",
                                "testdata/elsewhere/one.case"})),
              "\n  testdata/store/mh/one.case: is of no entry of src/mail/store/"
              "\n  src/mail/store/mbox.cpp: has no case, testdata/store/mbox/*.case");
}

}  // namespace
}  // namespace mailvigil::house

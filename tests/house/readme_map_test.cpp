// README's map of rooms is a table `| `src/ROOM/` | what lives there |`; it names the folders of
// src/ and no other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "house/repository.h"

namespace mailvigil::house {
namespace {

using Rooms = std::set<std::string, std::less<>>;

Rooms rooms_of_map(std::string_view readme) {
    constexpr std::string_view kRow = "| `src/";
    Rooms rooms;
    for (const std::string_view line : lines_of(readme)) {
        if (line.starts_with(kRow)) {
            rooms.emplace(line.substr(kRow.size(), line.find('/', kRow.size()) - kRow.size()));
        }
    }
    return rooms;
}

Rooms rooms_of_tree(const std::vector<std::string>& files) {
    Rooms rooms;
    for (const std::string& file : files) {
        if (file.starts_with("src/")) {
            rooms.insert(file.substr(4, file.find('/', 4) - 4));
        }
    }
    return rooms;
}

TEST(ReadmeMapTest, names_the_folders_of_src) {
    EXPECT_EQ(rooms_of_map(repository_text("README.md")), rooms_of_tree(repository_files()));
}

TEST(ReadmeMapTest, reads_rows_of_the_map_only) {
    EXPECT_EQ(rooms_of_map("see `src/cli/`\n| `src/base/` | words |\n| other | `src/app/` |\n"),
              Rooms{"base"});
    EXPECT_EQ(rooms_of_tree({"README.md", "src/base/a.h", "src/mail/store/b.cpp"}),
              (Rooms{"base", "mail"}));
}

}  // namespace
}  // namespace mailvigil::house

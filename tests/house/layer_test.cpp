// The rooms' table of CMakeLists.txt, held against every #include below src/. A room includes
// itself and its row; a test of a room also testing/.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "house/repository.h"

namespace mailvigil::house {
namespace {

using Names = std::set<std::string, std::less<>>;
using Rows = std::map<std::string, Names, std::less<>>;

/// Of layers.txt: "room: what it may include". Complains of a row that names a room which does not
/// stand above it.
Rows read_rows(std::string_view layers, std::vector<std::string>& violations) {
    Rows rows;
    for (const std::string_view line : lines_of(layers)) {
        const std::string room(line.substr(0, line.find(':')));
        for (const std::string_view included :
             words_of(line.substr(std::min(line.size(), room.size() + 1)))) {
            if (!rows.contains(included)) {
                violations.push_back(fmt::format(
                    "{} may include {}, which does not stand above it", room, included));
            }
            rows[room].emplace(included);
        }
        rows[room].insert(room);
    }
    return rows;
}

std::string_view first_part(std::string_view path) {
    return path.substr(0, path.find('/'));
}

/// `path` is relative to src/.
void check_includes(const Rows& rows,
                    std::string_view path,
                    std::string_view text,
                    std::vector<std::string>& violations) {
    constexpr std::string_view kInclude = "#include \"";
    const std::string_view room = first_part(path);
    const auto row = rows.find(room);
    if (row == rows.end()) {
        violations.push_back(fmt::format("src/{}: its room has no row in CMakeLists.txt", path));
        return;
    }
    std::size_t number = 0;
    for (const std::string_view line : lines_of(text)) {
        ++number;
        if (!line.starts_with(kInclude)) {
            continue;
        }
        const std::string_view included =
            line.substr(kInclude.size(), line.rfind('"') - kInclude.size());
        const std::string_view target = first_part(included);
        const bool test_may = path.ends_with("_test.cpp") && target == "testing";
        if (target == included) {
            violations.push_back(
                fmt::format("src/{}:{}: \"{}\" is not a path from src/", path, number, included));
        } else if (!test_may && !row->second.contains(target)) {
            violations.push_back(
                fmt::format("src/{}:{}: {} may not include {}", path, number, room, target));
        }
    }
}

TEST(LayerTest, rooms_include_only_their_row) {
    std::vector<std::string> violations;
    const Rows rows = read_rows(build_text("layers.txt"), violations);
    Names seen;
    for (const std::string& file : repository_files()) {
        if (file.starts_with("src/") &&
            (is_cpp(file) || file.ends_with(".c") || file.ends_with(".def"))) {
            const std::string path = file.substr(4);
            seen.emplace(first_part(path));
            check_includes(rows, path, repository_text(file), violations);
        }
    }
    for (const auto& [room, row] : rows) {
        if (!seen.contains(room)) {
            violations.push_back(
                fmt::format("{}: has a row in CMakeLists.txt and no source", room));
        }
    }
    EXPECT_TRUE(violations.empty()) << listed(violations);
}

TEST(LayerTest, includes_sideways_up_and_by_bare_name_are_named) {
    std::vector<std::string> violations;
    const Rows rows =
        read_rows("base:\nevent: base\nmail: base event\noutput: base event\n", violations);
    EXPECT_EQ(listed(violations), "");
    const std::string_view text =
        "#include <base/x.h>\n#include \"base/x.h\"\n#include \"mail/x.h\"\n#include "
        "\"output/y.h\"\n"
        "#include \"y.h\"\n#include \"testing/case_file.h\"\n";
    check_includes(rows, "mail/x.cpp", text, violations);
    check_includes(rows, "mail/x_test.cpp", "#include \"testing/case_file.h\"\n", violations);
    check_includes(rows, "attic/x.h", text, violations);
    EXPECT_EQ(listed(violations),
              "\n  src/mail/x.cpp:4: mail may not include output"
              "\n  src/mail/x.cpp:5: \"y.h\" is not a path from src/"
              "\n  src/mail/x.cpp:6: mail may not include testing"
              "\n  src/attic/x.h: its room has no row in CMakeLists.txt");
}

TEST(LayerTest, a_row_names_only_rooms_above_it) {
    std::vector<std::string> violations;
    read_rows("base:\nevent: base mail\nmail: event\n", violations);
    EXPECT_EQ(listed(violations), "\n  event may include mail, which does not stand above it");
}

}  // namespace
}  // namespace mailvigil::house

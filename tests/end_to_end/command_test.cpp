// Transcripts of the program, testdata/command/NAME/*.case: `arguments` go through a shell in a
// folder that holds the case's `file NAME` sections; `expect stdout`, `expect stderr` and
// `expect status` are what came of it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "testing/case_file.h"

namespace mailvigil {
namespace {

namespace fs = std::filesystem;
using testing::check;

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

CASE_TEST(CommandCases, "testdata/command") {
    std::string folder = (fs::temp_directory_path() / "mailvigil-command-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    constexpr std::string_view kFile = "file ";
    const fs::path in = fs::path(folder) / "in";
    for (const auto& section : case_file.sections()) {
        if (section.name.starts_with(kFile)) {
            const fs::path path = in / section.name.substr(kFile.size());
            fs::create_directories(path.parent_path());
            std::ofstream(path, std::ios::binary) << section.content;
        }
    }
    fs::create_directories(in);
    std::string arguments(case_file.section("arguments"));
    arguments.erase(arguments.find_last_not_of('\n') + 1);
    const int status = std::system(
        fmt::format(
            "cd {}/in && {} {} >../out 2>../err </dev/null", folder, MAILVIGIL_PROGRAM, arguments)
            .c_str());
    ASSERT_TRUE(WIFEXITED(status));
    check(case_file, "expect stdout", read_text(fs::path(folder) / "out"));
    check(case_file, "expect stderr", read_text(fs::path(folder) / "err"));
    check(case_file, "expect status", fmt::format("{}", WEXITSTATUS(status)));
    fs::remove_all(folder);
}

}  // namespace
}  // namespace mailvigil

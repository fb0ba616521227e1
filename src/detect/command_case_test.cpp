// testdata/command_line/*.case: command lines and what the shipped tables say of them, one line a
// use; a further use of the same command line begins with "+ ".
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/escape.h"
#include "detect/command_line.h"
#include "testing/case_file.h"

namespace mailvigil::detect {

namespace {

namespace fs = std::filesystem;

std::string load(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> files(const char* folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(fs::path(MAILVIGIL_SOURCE_DIR) / folder)) {
        found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

const CommandTable& shipped_table() {
    static const CommandTable table = [] {
        CommandTable made;
        for (const fs::path& path : files("rules/tools")) {
            Diagnostics diagnostics;
            made.add(yaml::parse(load(path), path.filename().string(), diagnostics),
                     path.filename().string(),
                     diagnostics);
            for (const Diagnostic& diagnostic : diagnostics.kept()) {
                ADD_FAILURE() << render(diagnostic);
            }
        }
        return made;
    }();
    return table;
}

std::vector<std::string> split_command(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
            word += line[++i];
            in_word = true;
        } else if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote != 0 ? '\0' : c;
            in_word = true;
        } else if (c == ' ' && quote == 0) {
            if (in_word) {
                words.push_back(std::move(word));
            }
            word.clear();
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (in_word) {
        words.push_back(std::move(word));
    }
    return words;
}

std::string render(const CommandUse& use) {
    std::string line = fmt::format("{} {}", use.tool, to_text(use.act));
    if (!use.sources.empty()) {
        line += fmt::format(" sources=[{}]", fmt::join(use.sources, ", "));
    }
    if (!use.outputs.empty()) {
        line += fmt::format(" outputs=[{}]", fmt::join(use.outputs, ", "));
    }
    line += use.destination.empty() ? "" : " to=" + use.destination;
    line += use.standard_input ? " stdin" : "";
    line += use.standard_output ? " stdout" : "";
    line += use.in_arguments ? " in_arguments" : "";
    line += use.opaque ? " opaque" : "";
    return escape_for_terminal(line + fmt::format(" because=\"{}\"", use.because));
}

std::string outcome(const std::string& command) {
    const std::vector<std::string> words = split_command(command);
    const std::vector<std::string_view> args(words.begin(), words.end());
    const std::vector<CommandUse> uses = shipped_table().analyse({args[0], args, {}});
    std::string text = uses.empty() ? args[0].data() + std::string(" nothing\n") : "";
    for (const CommandUse& use : uses) {
        text += (&use == uses.data() ? "" : "+ ") + render(use) + "\n";
    }
    return text;
}

CASE_TEST(CommandCases, "testdata/command_line") {
    std::string_view commands = case_file.section("commands");
    std::string found;
    while (!commands.empty()) {
        const std::string_view line = commands.substr(0, commands.find('\n'));
        commands.remove_prefix(std::min(commands.size(), line.size() + 1));
        found += line.empty() ? std::string() : outcome(std::string(line));
    }
    check(case_file, "expect", found);
}

}  // namespace

}  // namespace mailvigil::detect

#include "house/tidy.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "house/repository.h"

namespace mailvigil::house {

namespace {

struct Permission {
    std::string_view path;  ///< a file, or a folder with '/' at its end
    std::string_view word;
    bool must_be_used;  ///< false: a room that may, not a file that does
};

// A library that throws is wrapped in one file, which catches. What the threads of app/ share may
// be owned together.
constexpr Permission kPermissions[] = {
    {"src/base/yaml.cpp", "catch", true},
    {"src/cli/command.cpp", "catch", true},
    {"src/app/witness_client.cpp", "catch", true},
    {"src/app/witness_server.cpp", "catch", true},
    {"src/app/", "shared_ptr", false},
    // A file that lost its name lives on while it is open.
    {"tests/testing/memory_disk.h", "shared_ptr", true},
    {"tests/testing/memory_disk.cpp", "shared_ptr", true},
    {"tests/testing/memory_disk.cpp", "make_shared", true},
    {"src/app/", "make_shared", false},
};

constexpr std::string_view kGuardedWords[] = {"throw", "catch", "shared_ptr", "make_shared"};

constexpr std::string_view kBannedNameWords[] = {"util",
                                                 "utils",
                                                 "helper",
                                                 "helpers",
                                                 "common",
                                                 "misc",
                                                 "manager",
                                                 "handler",
                                                 "data",
                                                 "info",
                                                 "impl"};

bool permits(const Permission& permission, std::string_view path, std::string_view word) {
    return permission.word == word &&
           (permission.path.ends_with('/') ? path.starts_with(permission.path)
                                           : path == permission.path);
}

std::string at(std::string_view path, std::size_t line, std::string_view what) {
    return fmt::format("{}:{}: {}", path, line, what);
}

/// Columns of UTF-8 text: bytes that do not continue a character.
std::size_t columns(std::string_view line) {
    return static_cast<std::size_t>(
        std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Violations layout_violations(std::string_view path, std::string_view text) {
    Violations violations;
    const auto lines = lines_of(text);
    if (lines.size() > kFileLinesMax) {
        violations.push_back(
            at(path, lines.size(), fmt::format("more than {} lines", kFileLinesMax)));
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (columns(lines[i]) > kLineColumnsMax) {
            violations.push_back(at(path, i + 1, fmt::format("{} columns", columns(lines[i]))));
        }
        if (lines[i].contains('\t')) {
            violations.push_back(at(path, i + 1, "a tab"));
        }
        if (lines[i].ends_with(' ') || lines[i].ends_with('\r')) {
            violations.push_back(at(path, i + 1, "a blank at the line's end"));
        }
    }
    return violations;
}

Violations language_violations(std::string_view path, std::string_view text) {
    Violations violations;
    const std::string code = code_of(text);
    const auto lines = lines_of(code);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (RE2::PartialMatch(lines[i], R"(\busing\s+namespace\b)") &&
            !RE2::PartialMatch(lines[i], R"(\busing\s+namespace\s+std::(\w+::)*\w*literals;)")) {
            violations.push_back(at(path, i + 1, "using namespace"));
        }
        for (const std::string_view word : kGuardedWords) {
            const auto allows = [&](const Permission& permission) {
                return permits(permission, path, word);
            };
            if (has_word(lines[i], word) && std::ranges::none_of(kPermissions, allows)) {
                violations.push_back(
                    at(path, i + 1, fmt::format("{} outside the files that tidy.cpp lists", word)));
            }
        }
    }
    if (path.ends_with(".h") && std::ranges::find(lines, "#pragma once") == lines.end()) {
        violations.push_back(at(path, 1, "a header without #pragma once"));
    }
    return violations;
}

Violations mark_violations(std::string_view path, std::string_view text) {
    // Spelled apart, or this file would break its own rule.
    static const RE2 mark(
        "\\b(TO"
        "DO|FIX"
        "ME|X"
        "XX)\\b(\\(#\\d+\\))?");
    Violations violations;
    std::size_t number = 0;
    for (const std::string_view line : lines_of(text)) {
        ++number;
        re2::StringPiece rest(line.data(), line.size());
        std::string word;
        std::string issue;
        while (RE2::FindAndConsume(&rest, mark, &word, &issue)) {
            if (issue.empty()) {
                violations.push_back(
                    at(path, number, fmt::format("{} without an issue: {}(#12)", word, word)));
            }
        }
    }
    return violations;
}

Violations name_violations(std::string_view path) {
    Violations violations;
    std::string_view name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.find('.'));
    while (!name.empty()) {
        const std::string_view word = name.substr(0, name.find_first_of("_-"));
        if (std::ranges::find(kBannedNameWords, word) != std::end(kBannedNameWords)) {
            violations.push_back(
                fmt::format("{}: \"{}\" in a file's name says nothing", path, word));
        }
        name.remove_prefix(std::min(name.size(), word.size() + 1));
    }
    return violations;
}

Violations size_violations(std::string_view path, std::uintmax_t bytes) {
    const bool recording = path.starts_with("tests/recordings/");
    const auto limit = recording ? kRecordingBytesMax : kFileBytesMax;
    return bytes <= limit
               ? Violations()
               : Violations{fmt::format("{}: {} bytes, more than {}", path, bytes, limit)};
}

Violations changelog_violations(std::string_view text, std::string_view version) {
    static const RE2 release(R"(## \[(\d+)\.(\d+)\.(\d+)\] - (unreleased|\d{4}-\d{2}-\d{2}))");
    static const RE2 section("### (Added|Changed|Deprecated|Removed|Fixed|Security)");
    Violations violations;
    const auto lines = lines_of(text);
    if (lines.empty() || lines[0] != "# Changelog") {
        violations.push_back("CHANGELOG.md:1: does not start with \"# Changelog\"");
    }
    std::vector<int> previous;
    bool in_section = false;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::string_view line = lines[i];
        std::vector<int> number(3);
        if (RE2::FullMatch(line, release, &number[0], &number[1], &number[2])) {
            if (previous.empty() && !line.starts_with(fmt::format("## [{}]", version))) {
                violations.push_back(at(
                    "CHANGELOG.md", i + 1, fmt::format("the newest version is not {}", version)));
            } else if (!previous.empty() && !(number < previous)) {
                violations.push_back(at("CHANGELOG.md", i + 1, "versions are not newest first"));
            }
            previous = number;
            in_section = false;
        } else if (RE2::FullMatch(line, section)) {
            in_section = !previous.empty();
        } else if (line.starts_with('#') || (in_section && !line.empty() &&
                                             !line.starts_with("- ") && !line.starts_with("  "))) {
            violations.push_back(
                at("CHANGELOG.md", i + 1, "neither a version, a section nor an item of one"));
        }
    }
    if (previous.empty()) {
        violations.push_back("CHANGELOG.md:1: has no version");
    }
    return violations;
}

Violations stale_permissions(const std::vector<std::string>& files) {
    Violations violations;
    for (const Permission& permission : kPermissions) {
        const bool exists = std::ranges::find(files, permission.path) != files.end();
        if (permission.must_be_used &&
            !(exists && has_word(code_of(repository_text(permission.path)), permission.word))) {
            violations.push_back(
                fmt::format("{}: needs no permission for {}", permission.path, permission.word));
        }
    }
    return violations;
}

}  // namespace mailvigil::house

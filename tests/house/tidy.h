// The checks of tidy_test.cpp: each takes a file's path and text and names what breaks a rule, as
// "path:line: what".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::house {

inline constexpr std::size_t kFileLinesMax = 700;
inline constexpr std::size_t kLineColumnsMax = 120;
inline constexpr std::uintmax_t kFileBytesMax = 512 * 1024;
inline constexpr std::uintmax_t kRecordingBytesMax = 2 * 1024 * 1024;

using Violations = std::vector<std::string>;

/// File of at most kFileLinesMax lines, lines of at most kLineColumnsMax columns (UTF-8
/// characters), no tab, no blank at a line's end. Of C++.
Violations layout_violations(std::string_view path, std::string_view text);

/// `#pragma once` in a header, no `using namespace` but for literals, no exceptions and no shared
/// ownership outside the files that tidy.cpp lists. Of C++.
Violations language_violations(std::string_view path, std::string_view text);

/// A mark of unfinished work names its issue: MARK(#12). Of any text.
Violations mark_violations(std::string_view path, std::string_view text);

/// No word in a C++ file's name that says nothing: util, helper, common, ...
Violations name_violations(std::string_view path);

/// No file above kFileBytesMax; below tests/recordings/ kRecordingBytesMax.
Violations size_violations(std::string_view path, std::uintmax_t bytes);

/// "# Changelog", then versions newest first, `version` on top, each with its date or "unreleased",
/// sections and items.
Violations changelog_violations(std::string_view text, std::string_view version);

/// Files that tidy.cpp allows something which they do not do; `files` are all of the repository.
Violations stale_permissions(const std::vector<std::string>& files);

}  // namespace mailvigil::house

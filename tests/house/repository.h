// The repository as text, for the tests that hold its rules. Read from disk, not from git: they
// also run in an export.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::house {

/// Files of the source tree relative to its root, sorted: without build/, hidden folders (.ci
/// stays) and symbolic links.
std::vector<std::string> repository_files();

/// A file of the source tree. An unreadable one fails the running test and reads as empty.
std::string repository_text(std::string_view path);

std::uintmax_t repository_bytes(std::string_view path);

/// A file that CMake wrote into the build tree.
std::string build_text(std::string_view path);

/// Writes a file of the source tree.
void write_repository_text(std::string_view path, std::string_view text);

/// True where the part is one of the path's folders: is_below("tests/recordings/x", "recordings").
bool is_below(std::string_view path, std::string_view folder);

/// A C++ source or header by its name.
bool is_cpp(std::string_view path);

/// Lines without their newline.
std::vector<std::string_view> lines_of(std::string_view text);

/// Words between blanks.
std::vector<std::string_view> words_of(std::string_view text);

/// The C++ text with comments and the insides of string and character literals blanked; lines keep
/// their numbers.
std::string code_of(std::string_view text);

/// True when `word` stands in the text as a whole identifier.
bool has_word(std::string_view text, std::string_view word);

/// One violation a line, for a failure message.
std::string listed(const std::vector<std::string>& violations);

}  // namespace mailvigil::house

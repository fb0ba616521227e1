#include "house/repository.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace mailvigil::house {

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    EXPECT_TRUE(stream.good()) << path.string() << ": cannot be read";
    return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_outside(const std::string& folder) {
    return folder == "build" || (folder.starts_with('.') && folder != ".ci") ||
           folder == "__pycache__";
}

/// Where the comment or literal that starts at `at` ends (one past its last character); `at`
/// itself: none starts there.
std::size_t end_of_blank(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at);
    const auto after = [&](std::string_view mark, std::size_t from) {
        const std::size_t found = text.find(mark, from);
        return found == std::string_view::npos ? text.size() : found + mark.size();
    };
    if (rest.starts_with("//")) {
        return std::min(text.find('\n', at), text.size());
    }
    if (rest.starts_with("/*")) {
        return after("*/", at + 2);
    }
    if (rest.starts_with("R\"")) {
        const std::size_t open = text.find('(', at);
        return open == std::string_view::npos
                   ? text.size()
                   : after(")" + std::string(text.substr(at + 2, open - at - 2)) + "\"", open);
    }
    const bool separator = rest.front() == '\'' && at > 0 &&
                           std::isxdigit(static_cast<unsigned char>(text[at - 1])) != 0;
    if ((rest.front() != '"' && rest.front() != '\'') || separator) {
        return at;
    }
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != rest.front() && text[end] != '\n') {
        end += text[end] == '\\' ? 2 : 1;
    }
    return std::min(end + 1, text.size());
}

bool is_identifier(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

}  // namespace

std::vector<std::string> repository_files() {
    const fs::path root = MAILVIGIL_SOURCE_DIR;
    std::vector<std::string> files;
    std::error_code error;
    for (fs::recursive_directory_iterator at(root, error), end; !error && at != end;
         at.increment(error)) {
        if (at->is_directory() && is_outside(at->path().filename().string())) {
            at.disable_recursion_pending();
        } else if (at->is_regular_file() && !at->is_symlink()) {
            files.push_back(at->path().lexically_relative(root).string());
        }
    }
    EXPECT_FALSE(error) << error.message();
    std::ranges::sort(files);
    return files;
}

std::string repository_text(std::string_view path) {
    return read(fs::path(MAILVIGIL_SOURCE_DIR) / path);
}

std::uintmax_t repository_bytes(std::string_view path) {
    std::error_code error;
    const auto bytes = fs::file_size(fs::path(MAILVIGIL_SOURCE_DIR) / path, error);
    EXPECT_FALSE(error) << path << ": " << error.message();
    return bytes;
}

std::string build_text(std::string_view path) {
    return read(fs::path(MAILVIGIL_BINARY_DIR) / path);
}

void write_repository_text(std::string_view path, std::string_view text) {
    std::ofstream stream(fs::path(MAILVIGIL_SOURCE_DIR) / path, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    EXPECT_TRUE(stream.good()) << path << ": cannot be written";
}

bool is_below(std::string_view path, std::string_view folder) {
    const std::string part = std::string(folder) + "/";
    return path.starts_with(part) || path.contains("/" + part);
}

bool is_cpp(std::string_view path) {
    return path.ends_with(".h") || path.ends_with(".cpp");
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

std::string code_of(std::string_view text) {
    std::string code(text);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = end_of_blank(text, at);
        for (std::size_t i = at; i < end; ++i) {
            code[i] = text[i] == '\n' ? '\n' : ' ';
        }
        at = std::max(end, at + 1);
    }
    return code;
}

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos;
         at += word.size()) {
        const std::size_t end = at + word.size();
        if ((at == 0 || !is_identifier(text[at - 1])) &&
            (end == text.size() || !is_identifier(text[end]))) {
            return true;
        }
    }
    return false;
}

std::string listed(const std::vector<std::string>& violations) {
    std::string text;
    for (const std::string& violation : violations) {
        text.append("\n  ").append(violation);
    }
    return text;
}

}  // namespace mailvigil::house

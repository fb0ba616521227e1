#include "testing/case_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace mailvigil::testing {

namespace {

constexpr std::string_view kOpen = "-- ";
constexpr std::string_view kClose = " --";
constexpr std::string_view kEscaped = " (escaped)";

std::filesystem::path from_root(const std::filesystem::path& path) {
    return std::filesystem::path(MAILVIGIL_SOURCE_DIR) / path;
}

bool is_header(std::string_view line) {
    return line.size() > kOpen.size() + kClose.size() && line.starts_with(kOpen) &&
           line.ends_with(kClose);
}

/// A content line that reads as a header carries backslashes before it, one more than the content
/// has.
bool is_guarded(std::string_view line) {
    return is_header(line.substr(std::min(line.size(), line.find_first_not_of('\\'))));
}

int hex_digit(char c) {
    const char lower = static_cast<char>(c | 0x20);
    return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The escape at `text[at]`, which follows a backslash; moves `at` to its last character. None: not
/// an escape.
std::optional<std::string> decode_escape(std::string_view text, std::size_t& at) {
    switch (at < text.size() ? text[at] : '\0') {
        case '\\':
            return "\\";
        case 'n':
            return "\n";
        case 't':
            return "\t";
        case 'r':
            return "\r";
        case '\n':
            return "";
        case 'x': {
            const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
            const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            at += 2;
            return std::string(1, static_cast<char>(high * 16 + low));
        }
        default:
            return std::nullopt;
    }
}

std::optional<std::string> decode(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            bytes += text[at];
            continue;
        }
        const auto decoded = decode_escape(text, ++at);
        if (!decoded) {
            return std::nullopt;
        }
        bytes += *decoded;
    }
    return bytes;
}

std::string encode(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\') {
            text += "\\\\";
        } else if (c == '\n' || (byte >= 0x20 && byte < 0x7F)) {
            text += c;
        } else {
            text += fmt::format("\\x{:02x}", byte);
        }
    }
    if (!text.empty() && !text.ends_with('\n')) {
        text += "\\\n";
    }
    return text;
}

}  // namespace

Result<CaseFile> CaseFile::load(const std::filesystem::path& path) {
    const auto full = from_root(path);
    std::ifstream stream(full, std::ios::binary);
    if (!stream) {
        return fail(ErrorCode::unreadable, fmt::format("{}: cannot be read", full.string()));
    }
    return parse(std::string(std::istreambuf_iterator<char>(stream), {}), full);
}

Result<CaseFile> CaseFile::parse(std::string_view text, std::filesystem::path path) {
    CaseFile file;
    file.path_ = std::move(path);
    const auto wrong = [&](std::size_t number, std::string_view what) {
        return fail(ErrorCode::malformed,
                    fmt::format("{}:{}: {}", file.path_.string(), number, what));
    };
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return wrong(number, "the last line has no newline");
        }
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (is_header(line)) {
            std::string_view name =
                line.substr(kOpen.size(), line.size() - kOpen.size() - kClose.size());
            const bool escaped = name.ends_with(kEscaped);
            name.remove_suffix(escaped ? kEscaped.size() : 0);
            if (file.has(name)) {
                return wrong(number, fmt::format("section \"{}\" stands twice", name));
            }
            file.sections_.push_back(
                {.name = std::string(name), .content = {}, .escaped = escaped});
        } else if (!file.sections_.empty()) {
            std::string& content = file.sections_.back().content;
            content += is_guarded(line) ? line.substr(1) : line;
            content += '\n';
        } else if (line.starts_with('#') || line.empty()) {
            file.comment_.append(line).append("\n");
        } else {
            return wrong(number, "only lines of '#' may stand before the first `-- section --`");
        }
    }
    for (CaseSection& section : file.sections_) {
        auto decoded = section.escaped ? decode(section.content) : std::optional(section.content);
        if (!decoded) {
            return wrong(
                0,
                fmt::format("section \"{}\" has a backslash that escapes nothing", section.name));
        }
        section.content = std::move(*decoded);
    }
    return file;
}

const CaseSection* CaseFile::find(std::string_view name) const {
    const auto found = std::ranges::find(sections_, name, &CaseSection::name);
    return found == sections_.end() ? nullptr : &*found;
}

std::string_view CaseFile::section(std::string_view name) const {
    const CaseSection* found = find(name);
    if (found == nullptr) {
        ADD_FAILURE() << path_.string() << ": has no section \"" << name << '"';
        return {};
    }
    return found->content;
}

std::string_view CaseFile::section_or(std::string_view name, std::string_view otherwise) const {
    const CaseSection* found = find(name);
    return found == nullptr ? otherwise : std::string_view(found->content);
}

void CaseFile::put(std::string_view name, std::string content) {
    if (const CaseSection* found = find(name)) {
        sections_[static_cast<std::size_t>(found - sections_.data())].content = std::move(content);
    } else {
        sections_.push_back(
            {.name = std::string(name), .content = std::move(content), .escaped = false});
    }
}

std::string CaseFile::render() const {
    std::string text = comment_;
    for (const CaseSection& section : sections_) {
        text += fmt::format("-- {}{} --\n", section.name, section.escaped ? kEscaped : "");
        const std::string content = section.escaped ? encode(section.content) : section.content;
        for (std::string_view rest = content; !rest.empty();) {
            const std::string_view line = rest.substr(0, rest.find('\n'));
            text.append(is_guarded(line) ? "\\" : "").append(line).append("\n");
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        }
    }
    return text;
}

Result<> CaseFile::store() const {
    std::ofstream stream(path_, std::ios::binary | std::ios::trunc);
    stream << render();
    stream.close();
    if (!stream) {
        return fail(ErrorCode::unwritable, fmt::format("{}: cannot be written", path_.string()));
    }
    return {};
}

void check(CaseFile& case_file,
           std::string_view section,
           std::string_view actual,
           std::source_location where) {
    std::string text(actual);
    const auto& all = case_file.sections();
    const auto found = std::ranges::find(all, section, &CaseSection::name);
    const bool escaped = found != all.end() && found->escaped;
    if (!escaped && !text.empty() && !text.ends_with('\n')) {
        text += '\n';
    }
    if (updating() && (found == all.end() || found->content != text)) {
        case_file.put(section, std::move(text));
        const auto stored = case_file.store();
        EXPECT_TRUE(stored.has_value()) << stored.error().message;
        return;
    }
    const ::testing::ScopedTrace trace(
        where.file_name(), static_cast<int>(where.line()), case_file.path().string());
    EXPECT_EQ(case_file.section(section), text)
        << "section \"" << section
        << "\" expects the former; MAILVIGIL_UPDATE=1 writes the latter into it";
}

bool updating() {
    const char* value = std::getenv("MAILVIGIL_UPDATE");
    return value != nullptr && std::string_view(value) == "1";
}

std::vector<std::string> case_paths(const std::filesystem::path& folder) {
    std::vector<std::string> paths;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator at(from_root(folder), error), end;
         !error && at != end;
         at.increment(error)) {
        if (at->path().extension() == ".case") {
            paths.push_back(at->path().string());
        }
    }
    std::ranges::sort(paths);
    return paths;
}

void for_each_case(const std::filesystem::path& folder,
                   const std::function<void(CaseFile&)>& body) {
    const auto paths = case_paths(folder);
    EXPECT_FALSE(paths.empty()) << "no .case file below " << from_root(folder).string();
    for (const std::string& path : paths) {
        SCOPED_TRACE(path);
        auto file = CaseFile::load(path);
        if (file) {
            body(*file);
        } else {
            ADD_FAILURE() << file.error().message;
        }
    }
}

std::string case_name(std::string_view path, std::string_view folder) {
    auto relative = std::filesystem::path(path).lexically_relative(from_root(folder));
    std::string name = relative.replace_extension().string();
    std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

void CaseTest::SetUp() {
    auto file = CaseFile::load(GetParam());
    ASSERT_TRUE(file.has_value()) << file.error().message;
    case_file = std::move(*file);
}

}  // namespace mailvigil::testing

#include "app/anchor.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "evidence/note.h"

namespace mailvigil::app {

namespace {

using evidence::Checkpoint;

constexpr std::string_view kSignatureStart = "\xE2\x80\x94 ";  // an em dash
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

std::string_view take_line_of(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

Result<Checkpoint> parse_numbered(std::string_view text, std::size_t line) {
    auto checkpoint = evidence::parse_checkpoint(text);
    if (!checkpoint) {
        return fail(ErrorCode::malformed,
                    fmt::format("line {}: no checkpoint: {}", line, checkpoint.error().message));
    }
    return checkpoint;
}

Result<std::vector<Checkpoint>> parse_lines(std::string_view text) {
    std::vector<Checkpoint> anchors;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = take_line_of(text);
        const std::size_t mark = line.find(kAnchorMark);
        if (mark == std::string_view::npos) {
            continue;
        }
        line.remove_prefix(mark + kAnchorMark.size());
        const auto note = decode_base64(line.substr(0, line.find_first_not_of(kBase64)));
        if (!note) {
            return fail(ErrorCode::malformed,
                        fmt::format("line {}: the checkpoint is no base64", number));
        }
        anchors.push_back(TRY(parse_numbered(*note, number)));
    }
    return anchors;
}

/// Notes one after the other: one ends where its signatures do.
Result<std::vector<Checkpoint>> parse_notes(std::string_view text) {
    std::vector<Checkpoint> anchors;
    std::string note;
    std::size_t start = 1;
    bool signatures = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = take_line_of(text);
        const bool signature = line.starts_with(kSignatureStart);
        if (signatures && !signature) {
            anchors.push_back(TRY(parse_numbered(note, start)));
            note.clear();
        }
        signatures = signature;
        if (note.empty() && line.empty()) {
            continue;
        }
        if (note.empty()) {
            start = number;
        }
        note += line;
        note += '\n';
    }
    if (!note.empty()) {
        anchors.push_back(TRY(parse_numbered(note, start)));
    }
    return anchors;
}

}  // namespace

std::string render_anchor(const Checkpoint& checkpoint) {
    return fmt::format("{}{}", kAnchorMark, render_base64(evidence::render(checkpoint)));
}

Result<std::vector<Checkpoint>> parse_anchors(std::string_view text) {
    auto anchors = text.contains(kAnchorMark) ? parse_lines(text) : parse_notes(text);
    if (anchors && anchors->empty()) {
        return fail(ErrorCode::malformed, "there is no checkpoint in it");
    }
    return anchors;
}

}  // namespace mailvigil::app

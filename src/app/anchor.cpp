#include "app/anchor.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/lines.h"
#include "evidence/note.h"

namespace mailvigil::app {

namespace {

using evidence::Checkpoint;

constexpr std::string_view kSignatureStart = "\xE2\x80\x94 ";  // an em dash
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

/// Takes what is found, and remembers what is wrong with the first that is broken.
class Collector {
  public:
    void take(std::string_view note, std::size_t line) {
        auto checkpoint = evidence::parse_checkpoint(note);
        if (checkpoint) {
            anchors_.checkpoints.push_back(std::move(*checkpoint));
        } else {
            refuse(fmt::format("line {}: no checkpoint: {}", line, checkpoint.error().message));
        }
    }

    void refuse(std::string why) { why_ = anchors_.broken++ == 0 ? std::move(why) : why_; }

    Result<Anchors> finish() {
        if (anchors_.checkpoints.empty()) {
            return fail(ErrorCode::malformed,
                        why_.empty() ? "there is no checkpoint in it" : std::move(why_));
        }
        return std::move(anchors_);
    }

  private:
    Anchors anchors_;
    std::string why_;
};

void read_lines(std::string_view text, Collector& found) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = next_line(text);
        const std::size_t mark = line.find(kAnchorMark);
        if (mark == std::string_view::npos) {
            continue;
        }
        line.remove_prefix(mark + kAnchorMark.size());
        const auto note = decode_base64(line.substr(0, line.find_first_not_of(kBase64)));
        if (note) {
            found.take(*note, number);
        } else {
            found.refuse(fmt::format("line {}: the checkpoint is no base64", number));
        }
    }
}

/// Notes one after the other: one ends where its signatures do.
void read_notes(std::string_view text, Collector& found) {
    std::string note;
    std::size_t start = 1;
    bool signatures = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = next_line(text);
        const bool signature = line.starts_with(kSignatureStart);
        if (signatures && !signature) {
            found.take(note, start);
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
        found.take(note, start);
    }
}

}  // namespace

std::string render_anchor(const Checkpoint& checkpoint) {
    return fmt::format("{}{}", kAnchorMark, render_base64(evidence::render(checkpoint)));
}

Result<Anchors> parse_anchors(std::string_view text) {
    Collector found;
    text.contains(kAnchorMark) ? read_lines(text, found) : read_notes(text, found);
    return found.finish();
}

OwnAnchors choose_own(std::vector<Checkpoint> anchors, const evidence::VerifierKey& log) {
    OwnAnchors own;
    for (Checkpoint& anchor : anchors) {
        if (anchor.origin != log.name) {
            ++own.of_others;
        } else if (check(anchor.note, log) != evidence::SignatureCheck::valid) {
            ++own.not_signed;
        } else {
            own.checkpoints.push_back(std::move(anchor));
        }
    }
    return own;
}

}  // namespace mailvigil::app

// A finding as a short story for a person: what happened, who, how it is known, what weakens it,
// what to do next.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/escape.h"
#include "output/format/roster.h"

namespace mailvigil::output::format {

namespace {

constexpr std::size_t kLevelColumns = 10;
constexpr std::size_t kLabelColumns = 9;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kWidthMin = 40;

std::string_view colour_of(std::string_view level) {
    if (level == "critical") {
        return "\x1b[1;31m";
    }
    if (level == "high") {
        return "\x1b[31m";
    }
    if (level == "medium") {
        return "\x1b[33m";
    }
    return "\x1b[36m";
}

/// Code points, which is near enough to columns for what we print.
std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

/// The longest front of `text` that fits, broken at a space where there is one.
std::string_view take_line(std::string_view& text, std::size_t columns) {
    std::size_t at = 0;
    std::size_t used = 0;
    std::size_t space = 0;
    while (at < text.size() && used < columns) {
        if (text[at] == ' ') {
            space = at;
        }
        ++at;
        while (at < text.size() && (text[at] & 0xc0) == 0x80) {
            ++at;
        }
        ++used;
    }
    std::size_t end = at;
    if (at < text.size() && text[at] != ' ' && space > 0) {
        end = space;
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    return line;
}

class Story {
  public:
    Story(const Medium& medium, std::string& out) : medium_(medium), out_(out) {}

    /// A labelled paragraph; an empty label continues the one before.
    void paragraph(std::string_view label, std::string_view text) {
        const std::string safe = escape_for_terminal(text);
        const std::size_t indent = kIndent + kLabelColumns;
        const std::size_t width = std::max(medium_.width, kWidthMin) - indent;
        std::string_view rest = safe;
        bool first = true;
        while (first || !rest.empty()) {
            // A label wider than its column pushes the first line to the right.
            const std::size_t pad =
                first ? std::max(columns_of(label) + 1, kLabelColumns) : kLabelColumns;
            out_.append(kIndent, ' ');
            out_ += first ? label : std::string_view();
            out_.append(pad - (first ? columns_of(label) : 0), ' ');
            out_ += take_line(rest, width - (pad - kLabelColumns));
            out_ += '\n';
            first = false;
        }
    }

    void list(std::string_view label,
              std::span<const std::string_view> texts,
              std::string_view separator) {
        if (!texts.empty()) {
            paragraph(label, fmt::format("{}", fmt::join(texts, separator)));
        }
    }

    /// Two texts at both ends of a line, or below each other where it is too narrow.
    void ends(std::string_view left, std::size_t left_columns, std::string_view right) {
        out_ += left;
        const std::size_t right_columns = columns_of(right);
        if (left_columns + right_columns + 2 <= medium_.width) {
            out_.append(medium_.width - left_columns - right_columns, ' ');
        } else {
            out_ += '\n';
            out_.append(kLevelColumns, ' ');
        }
        out_ += right;
        out_ += '\n';
    }

    void blank() { out_ += '\n'; }

  private:
    const Medium& medium_;
    std::string& out_;
};

std::string day_and_clock(Timestamp time) {
    return fmt::format("{} {}Z", render_utc(time).substr(0, 10), render_clock(time));
}

void render_story(const Event& event, const Medium& medium, std::string& out) {
    Story story(medium, out);
    const bool colour = medium.colour == Colour::always;
    const std::string title = escape_for_terminal(event.finding_title());
    const std::string head = fmt::format("{}{:<{}}{}{}",
                                         colour ? colour_of(event.finding_level()) : "",
                                         event.finding_level(),
                                         kLevelColumns,
                                         colour ? "\x1b[0m" : "",
                                         title);
    const std::string tags =
        fmt::format("{} · {}", event.rule_id(), fmt::join(event.threat_technique_id(), ", "));
    story.ends(
        head, std::max(kLevelColumns, event.finding_level().size()) + columns_of(title), tags);
    out += fmt::format("{} · {} · incident {} · {} · {} · {}\n",
                       day_and_clock(event.finding_start()),
                       escape_for_terminal(event.host_name()),
                       event.finding_incident(),
                       render_duration(event.finding_end() - event.finding_start()),
                       event.finding_stage(),
                       event.finding_state());
    story.blank();
    story.paragraph("who", event.finding_who());
    std::string_view last_label;
    for (const std::string_view step : event.finding_did()) {
        const std::size_t colon = step.find(": ");
        const std::string_view label = step.substr(0, colon);
        story.paragraph(label == last_label ? std::string_view() : label, step.substr(colon + 2));
        last_label = label;
    }
    story.blank();
    story.list("because", event.finding_reasons(), " · ");
    if (event.has(Field::finding_against)) {
        story.list("against", event.finding_against(), " · ");
    } else {
        story.paragraph("against", "nothing: no role, maintenance or declared reason covers this");
    }
    if (event.has(Field::finding_weakened_by)) {
        story.list("weakened by", event.finding_weakened_by(), " · ");
    } else {
        story.paragraph("weakened by",
                        fmt::format("nothing lost between {} and {}",
                                    render_clock(event.finding_start()),
                                    render_clock(event.finding_end())));
    }
    story.list("evidence", event.finding_evidence(), " ");
    story.list("settings", event.finding_settings(), " · ");
    story.blank();
    bool first = true;
    for (const std::string_view next : event.finding_next()) {
        story.paragraph(first ? "next" : "", next);
        first = false;
    }
    story.blank();
}

/// One access that was explained: a line, not a story.
void render_line(const Event& event, std::string& out) {
    const auto mailboxes = event.finding_mailboxes();
    const auto reasons = event.finding_reasons();
    out += fmt::format("{}  {:<14} {:<16} {:>6}×  {:<20} {}\n",
                       day_and_clock(event.finding_start()),
                       event.finding_verdict(),
                       mailboxes.empty() ? "-" : escape_for_terminal(mailboxes[0]),
                       event.finding_accesses(),
                       escape_for_terminal(event.process_name()),
                       reasons.empty() ? "" : escape_for_terminal(reasons[0]));
}

void render(const Event& event, const Medium& medium, std::string& out) {
    if (event.has(Field::finding_incident)) {
        render_story(event, medium, out);
    } else {
        render_line(event, out);
    }
}

}  // namespace

extern const Format text{
    .name = "text", .summary = "a short story for a person", .for_people = true, .render = render};

}  // namespace mailvigil::output::format

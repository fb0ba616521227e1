// A finding as a short story for a person: what happened, who, how it is known, what weakens it,
// what to do next.
#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "output/columns.h"
#include "output/format/roster.h"

namespace mailvigil::output::format {

namespace {

constexpr std::size_t kLevelColumns = 10;
constexpr std::size_t kLabelColumns = 13;  ///< the longest is "weakened by"
constexpr std::size_t kIndent = 2;
constexpr std::size_t kWidthMin = 40;
constexpr std::size_t kTwoColumnsMin = 60;
constexpr std::size_t kTableMin = 80;
/// A longer setting is cut: how the finding came about goes first, and ndjson has all of it.
constexpr std::size_t kSettingColumnsMax = 60;
constexpr std::string_view kColourEnd = "\x1b[0m";
constexpr const char* kSeparator = " · ";

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

/// `text` up to `columns`, cut at a space, with a mark where something was left out.
std::string shortened(std::string_view text, std::size_t columns) {
    std::string_view rest = text;
    const std::string_view line = take_line(rest, columns);
    return rest.empty() ? std::string(text) : fmt::format("{} …", line);
}

class Story {
  public:
    Story(const Medium& medium, std::string& out)
        : out_(out), width_(std::max(medium.width, kWidthMin)) {}

    /// A labelled paragraph; an empty label continues the one before. A terminal that is too narrow
    /// for two columns gets the label above the text.
    void paragraph(std::string_view label, std::string_view text) {
        begin(label);
        std::string_view rest = text;
        while (!rest.empty()) {
            line(take_line(rest, width_ - text_indent()));
        }
    }

    /// A command to copy: never broken, whatever the width.
    void command(std::string_view label, std::string_view text) {
        begin(label);
        line(text);
    }

    /// What does not fit goes on below, `indent` columns in.
    void wrapped(std::string_view text, std::size_t indent) {
        std::size_t pad = 0;
        for (std::string_view rest = text; !rest.empty(); pad = indent) {
            out_.append(pad, ' ');
            out_ += take_line(rest, width_ - pad);
            out_ += '\n';
        }
    }

    /// Level and title, and the tags at the right end or below where they do not fit.
    void head(std::string_view level,
              std::string_view title,
              std::string_view tags,
              std::string_view colour) {
        const std::size_t indent = std::max(kLevelColumns, columns_of(level) + 1);
        out_ += colour;
        out_ += level;
        out_ += colour.empty() ? "" : kColourEnd;
        out_.append(indent - columns_of(level), ' ');
        if (!tags.empty() && indent + columns_of(title) + columns_of(tags) + 2 <= width_) {
            out_ += title;
            out_.append(width_ - indent - columns_of(title) - columns_of(tags), ' ');
            out_ += tags;
            out_ += '\n';
            return;
        }
        std::size_t pad = 0;
        for (std::string_view rest : {title, tags}) {
            while (!rest.empty()) {
                out_.append(pad, ' ');
                out_ += take_line(rest, width_ - indent);
                out_ += '\n';
                pad = indent;
            }
        }
    }

    void blank() { out_ += '\n'; }

  private:
    [[nodiscard]] bool narrow() const { return width_ < kTwoColumnsMin; }

    [[nodiscard]] std::size_t text_indent() const {
        return narrow() ? kIndent * 2 : kIndent + kLabelColumns;
    }

    void begin(std::string_view label) {
        label_ = label;
        if (!label.empty() && (narrow() || columns_of(label) >= kLabelColumns)) {
            out_.append(kIndent, ' ');
            out_ += label;
            out_ += '\n';
            label_ = {};
        }
    }

    void line(std::string_view text) {
        std::size_t pad = text_indent();
        if (!label_.empty()) {
            out_.append(kIndent, ' ');
            out_ += label_;
            pad -= kIndent + columns_of(label_);
            label_ = {};
        }
        out_.append(pad, ' ');
        out_ += text;
        out_ += '\n';
    }

    std::string& out_;
    std::size_t width_;
    std::string_view label_;  ///< of the paragraph, until its first line is written
};

/// One list of the story as a paragraph.
std::string joined(std::span<const std::string_view> texts, std::string_view separator) {
    std::string out;
    for (const std::string_view text : texts) {
        out += out.empty() ? "" : separator;
        out += escape_for_terminal(text);
    }
    return out;
}

std::string day_and_clock(Timestamp time) {
    return fmt::format("{} {}Z", render_utc(time).substr(0, 10), render_clock(time));
}

/// "between 20:21:47Z and 20:21:59Z", "at 20:21:47Z"; with the day where it is not the same.
std::string when(Timestamp from, Timestamp until) {
    using std::chrono::days;
    using std::chrono::floor;
    const bool one_day = floor<days>(from) == floor<days>(until);
    const std::string start = one_day ? render_clock(from) + "Z" : day_and_clock(from);
    const std::string end = one_day ? render_clock(until) + "Z" : day_and_clock(until);
    return start == end ? fmt::format("at {}", start)
                        : fmt::format("between {} and {}", start, end);
}

void render_steps(const Event& event, Story& story) {
    std::string last_label;
    for (const std::string_view step : event.finding_did()) {
        const std::size_t colon = step.find(": ");
        const bool labelled = colon != std::string_view::npos;
        const std::string label =
            labelled ? escape_for_terminal(step.substr(0, colon)) : std::string();
        const std::string text = escape_for_terminal(labelled ? step.substr(colon + 2) : step);
        story.paragraph(label == last_label ? std::string_view() : label, text);
        last_label = label;
    }
}

void render_grounds(const Event& event, Story& story) {
    const auto list = [&](std::string_view label,
                          std::span<const std::string_view> texts,
                          std::string_view separator) {
        if (!texts.empty()) {
            story.paragraph(label, joined(texts, separator));
        }
    };
    list("because", event.finding_reasons(), kSeparator);
    if (event.finding_against().empty()) {
        story.paragraph("against", "nothing: no role, maintenance or declared reason covers this");
    }
    list("against", event.finding_against(), kSeparator);
    if (event.finding_weakened_by().empty()) {
        story.paragraph(
            "weakened by",
            fmt::format("nothing lost {}", when(event.finding_start(), event.finding_end())));
    }
    list("weakened by", event.finding_weakened_by(), kSeparator);
    list("evidence", event.finding_evidence(), " ");
    std::string settings;
    for (const std::string_view setting : event.finding_settings()) {
        settings += settings.empty() ? "" : kSeparator;
        settings += shortened(escape_for_terminal(setting), kSettingColumnsMax);
    }
    if (!settings.empty()) {
        story.paragraph("settings", settings);
    }
}

void render_story(const Event& event, const Medium& medium, std::string& out) {
    Story story(medium, out);
    const bool colour = medium.colour == Colour::always;
    std::string tags = escape_for_terminal(event.rule_id());
    if (!event.threat_technique_id().empty()) {
        tags += kSeparator + joined(event.threat_technique_id(), ", ");
    }
    story.head(escape_for_terminal(event.finding_level()),
               escape_for_terminal(event.finding_title()),
               tags,
               colour ? colour_of(event.finding_level()) : "");
    std::string facts = day_and_clock(event.finding_start());
    for (const std::string& fact : {escape_for_terminal(event.host_name()),
                                    fmt::format("incident {}", event.finding_incident()),
                                    render_duration(event.finding_end() - event.finding_start()),
                                    escape_for_terminal(event.finding_stage()),
                                    escape_for_terminal(event.finding_state())}) {
        facts += fact.empty() ? "" : kSeparator + fact;
    }
    story.wrapped(facts, kIndent);
    story.blank();
    if (!event.finding_who().empty()) {
        story.paragraph("who", escape_for_terminal(event.finding_who()));
    }
    render_steps(event, story);
    if (!event.finding_who().empty() || !event.finding_did().empty()) {
        story.blank();
    }
    render_grounds(event, story);
    std::string_view label = "next";
    for (const std::string_view next : event.finding_next()) {
        if (!label.empty()) {
            story.blank();
        }
        story.command(label, escape_for_terminal(next));
        label = {};
    }
    story.blank();
}

/// A program as people name it: the script where one runs.
std::string program_of(const Event& event) {
    const std::string_view path =
        event.process_script().empty() ? event.process_executable() : event.process_script();
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return name.empty() ? fmt::format("pid {}", event.process_pid()) : escape_for_terminal(name);
}

/// One access: a line, or a block where the line does not fit.
void render_access(const Event& event, const Medium& medium, std::string& out) {
    const std::string mailbox = escape_for_terminal(event.access_mailbox());
    const std::string verdict = escape_for_terminal(event.finding_verdict());
    const std::string how = escape_for_terminal(event.access_class());
    const std::string program = program_of(event);
    const std::string reasons = joined(event.finding_reasons(), kSeparator);
    const std::string who = escape_for_terminal(event.finding_who());
    const std::string incident = event.has(Field::finding_incident)
                                     ? fmt::format("incident {}", event.finding_incident())
                                     : std::string();
    if (medium.width >= kTableMin) {
        std::string line = fmt::format("{}  {:<14} {:<6} {:<16} {:>6}×  {:<15} {}",
                                       day_and_clock(event.time),
                                       verdict,
                                       how,
                                       mailbox,
                                       event.finding_accesses(),
                                       program,
                                       reasons);
        for (const std::string& more : {who, incident}) {
            line += more.empty() ? "" : kSeparator + more;
        }
        out += line;
        out += '\n';
        return;
    }
    Story story(medium, out);
    story.wrapped(fmt::format("{}  {}", day_and_clock(event.time), verdict), kIndent);
    story.paragraph("mailbox", fmt::format("{}, {} {}×", mailbox, how, event.finding_accesses()));
    for (const auto& [label, text] : {std::pair<std::string_view, const std::string&>("who", who),
                                      {"with", program},
                                      {"because", reasons},
                                      {"part of", incident}}) {
        if (!text.empty()) {
            story.paragraph(label, text);
        }
    }
}

/// Honest work that was explained: a line, or a block where the line does not fit.
void render_line(const Event& event, const Medium& medium, std::string& out) {
    const auto mailboxes = event.finding_mailboxes();
    const std::string mailbox = mailboxes.empty() ? "-" : escape_for_terminal(mailboxes[0]);
    const std::string verdict = escape_for_terminal(event.finding_verdict());
    const std::string program = escape_for_terminal(event.process_name());
    const std::string reasons = joined(event.finding_reasons(), kSeparator);
    if (medium.width >= kTableMin) {
        const std::string line = fmt::format("{}  {:<14} {:<16} {:>6}×  {:<15} {}",
                                             day_and_clock(event.finding_start()),
                                             verdict,
                                             mailbox,
                                             event.finding_accesses(),
                                             program,
                                             reasons);
        out += line.substr(0, line.find_last_not_of(' ') + 1);
        out += '\n';
        return;
    }
    Story story(medium, out);
    story.wrapped(fmt::format("{}  {}", day_and_clock(event.finding_start()), verdict), kIndent);
    story.paragraph("mailbox", fmt::format("{}, {}×", mailbox, event.finding_accesses()));
    story.paragraph("with", program);
    story.paragraph("because", reasons);
}

/// Any other event of the belt: when, what, and what it is about.
void render_event(const Event& event, const Medium& medium, std::string& out) {
    std::string text = fmt::format("{}  {}", day_and_clock(event.time), to_text(event.event_class));
    for (const Field field : {Field::host_name,
                              Field::gap_reason,
                              Field::event_action,
                              Field::process_executable,
                              Field::file_path,
                              Field::message}) {
        if (event.has(field)) {
            text += kSeparator + escape_for_terminal(event.text_of(field));
        }
    }
    if (event.has(Field::gap_lost)) {
        text += fmt::format(" · {} records lost", event.gap_lost());
    }
    if (event.has(Field::destination_ip)) {
        text += fmt::format(
            " · {} port {}", mailvigil::render(event.destination_ip()), event.destination_port());
    }
    Story(medium, out).wrapped(text, kIndent);
}

void render(const Event& event, const Medium& medium, std::string& out) {
    if (event.event_class == EventClass::access) {
        render_access(event, medium, out);
    } else if (event.event_class != EventClass::finding) {
        render_event(event, medium, out);
    } else if (event.has(Field::finding_incident)) {
        render_story(event, medium, out);
    } else {
        render_line(event, medium, out);
    }
}

}  // namespace

extern const Format text{
    .name = "text", .summary = "a short story for a person", .for_people = true, .render = render};

}  // namespace mailvigil::output::format

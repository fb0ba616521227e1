#include "output/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/assert.h"
#include "base/escape.h"
#include "base/json.h"
#include "output/columns.h"

namespace mailvigil::output {

namespace {

constexpr std::size_t kGap = 2;
/// A column is not squeezed below this; if that is too wide, records become blocks.
constexpr std::size_t kColumnMin = 8;
constexpr std::size_t kBlockIndent = 2;
constexpr std::string_view kColourEnd = "\x1b[0m";

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(
        out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    return out;
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
    std::string out;
    for (const std::string& text : texts) {
        out += out.empty() ? "" : separator;
        out += text;
    }
    return out;
}

/// The value as one raw text, without a name for what is not there.
std::string plain(const Cell::Value& value, std::string_view separator) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    if (const auto* number = std::get_if<std::uint64_t>(&value)) {
        return fmt::format("{}", *number);
    }
    if (const auto* time = std::get_if<Timestamp>(&value)) {
        return render_utc(*time);
    }
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
        return joined(*texts, separator);
    }
    return {};
}

std::string for_people(const Cell& cell) {
    return escape_for_terminal(cell.text.empty() ? plain(cell.value, ", ") : cell.text);
}

std::string_view colour_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return {};
        case Tone::notable:
            return "\x1b[33m";
        case Tone::alarming:
            return "\x1b[31m";
    }
    return {};
}

// RFC 4180 section 2; a spreadsheet would take a cell that begins like a formula for one, which a
// hostile name could use.
std::string csv_field(std::string text) {
    if (!text.empty() && std::string_view("=+-@\t\r").contains(text[0])) {
        text.insert(0, 1, '\'');
    }
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string out = "\"";
    for (const char c : text) {
        out.append(c == '"' ? 2 : 1, c);
    }
    return out + '"';
}

}  // namespace

std::optional<TableForm> parse_table_form(std::string_view name) {
    const auto* found = std::ranges::find(kTableForms, name);
    return found == std::end(kTableForms)
               ? std::nullopt
               : std::optional(static_cast<TableForm>(found - std::begin(kTableForms)));
}

Table::Table(TableForm form, std::span<const Column> columns, const Medium& medium, Sink sink)
    : form_(form), columns_(columns), medium_(medium), sink_(std::move(sink)) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].shown == Shown::always) {
            people_.push_back(i);
        }
    }
    if (form_ == TableForm::csv) {
        std::string line;
        for (const Column& column : columns_) {
            line += line.empty() ? "" : ",";
            line += csv_field(std::string(column.name));
        }
        sink_(line + "\r\n");
    }
}

void Table::add(Row row) {
    MV_ASSERT(row.size() == columns_.size());
    ++rows_;
    switch (form_) {
        case TableForm::text:
            if (!measured_ && waiting_.size() < kTableRowsMeasured) {
                waiting_.push_back(std::move(row));
                return;
            }
            measure();
            return write_text(row);
        case TableForm::json:
            sink_(rows_ == 1 ? "[" : ",\n ");
            return write_json(row);
        case TableForm::ndjson:
            write_json(row);
            return sink_("\n");
        case TableForm::csv:
            return write_csv(row);
    }
}

void Table::finish() {
    if (form_ == TableForm::json) {
        sink_(rows_ == 0 ? "[]\n" : "]\n");
    } else if (form_ == TableForm::text && rows_ > 0) {
        measure();
    }
}

/// Finds the widths and writes what waited for them.
void Table::measure() {
    if (measured_) {
        return;
    }
    measured_ = true;
    for (const std::size_t column : people_) {
        std::size_t width = columns_of(columns_[column].name);
        for (const Row& row : waiting_) {
            width = std::max(width, columns_of(for_people(row[column])));
        }
        widths_.push_back(width);
    }
    const std::size_t gaps = kGap * (widths_.size() - 1);
    const auto total = [&] { return std::accumulate(widths_.begin(), widths_.end(), gaps); };
    if (medium_.width < kTableWidthMin) {
        widths_.clear();
    }
    // The widest gives way first: it is the one with the sentences.
    while (!widths_.empty() && total() > medium_.width) {
        std::size_t* widest = nullptr;
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            const bool may_shrink =
                columns_[people_[i]].fit == Fit::wraps && widths_[i] > kColumnMin;
            if (may_shrink && (widest == nullptr || widths_[i] > *widest)) {
                widest = &widths_[i];
            }
        }
        if (widest == nullptr) {
            widths_.clear();
        } else {
            --*widest;
        }
    }
    write_heading();
    for (const Row& row : waiting_) {
        write_text(row);
    }
    waiting_.clear();
}

void Table::write_heading() {
    if (widths_.empty()) {
        return;
    }
    Line line;
    for (const std::size_t column : people_) {
        line.push_back(upper(columns_[column].name));
    }
    write_line(line, std::vector<Tone>(people_.size(), Tone::plain));
}

void Table::write_line(const Line& texts, const std::vector<Tone>& tones) {
    std::vector<std::string_view> rest(texts.begin(), texts.end());
    do {
        std::string line;
        std::size_t pad = 0;
        for (std::size_t i = 0; i < rest.size(); ++i) {
            const std::string_view part = take_line(rest[i], widths_[i]);
            if (!part.empty()) {
                const std::string_view colour =
                    medium_.colour == Colour::always ? colour_of(tones[i]) : std::string_view();
                line.append(pad, ' ');
                line += fmt::format("{}{}{}", colour, part, colour.empty() ? "" : kColourEnd);
                pad = 0;
            }
            pad += widths_[i] - columns_of(part) + kGap;
        }
        sink_(line + '\n');
    } while (std::ranges::any_of(rest, [](std::string_view text) { return !text.empty(); }));
}

void Table::write_text(const Row& row) {
    if (widths_.empty()) {
        return write_block(row);
    }
    Line line;
    std::vector<Tone> tones;
    for (const std::size_t column : people_) {
        line.push_back(for_people(row[column]));
        tones.push_back(row[column].tone);
    }
    write_line(line, tones);
}

void Table::write_block(const Row& row) {
    std::string out;
    std::size_t labels = 0;
    for (const std::size_t column : people_) {
        labels = std::max(labels, columns_of(columns_[column].name));
    }
    // So narrow that not even a word fits beside the label: let the terminal break it.
    const std::size_t indent = labels + kBlockIndent;
    const std::size_t room = medium_.width > indent + kColumnMin ? medium_.width - indent : 0;
    for (const std::size_t column : people_) {
        const std::string text = for_people(row[column]);
        std::string_view rest = text;
        std::string_view label = columns_[column].name;
        while (!rest.empty()) {
            const std::string_view part = take_line(rest, room == 0 ? rest.size() : room);
            out += fmt::format("{:<{}}{}\n", label, indent, part);
            label = {};
        }
    }
    sink_(out + '\n');
}

void Table::write_json(const Row& row) {
    JsonWriter json;
    json.begin_object();
    for (std::size_t i = 0; i < row.size(); ++i) {
        const Cell::Value& value = row[i].value;
        if (std::holds_alternative<std::monostate>(value)) {
            continue;
        }
        json.key(columns_[i].name);
        if (const auto* number = std::get_if<std::uint64_t>(&value)) {
            json.value(*number);
        } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
            json.begin_array();
            for (const std::string& text : *texts) {
                json.value(std::string_view(text));
            }
            json.end_array();
        } else {
            json.value(std::string_view(plain(value, {})));
        }
    }
    json.end_object();
    sink_(json.take());
}

void Table::write_csv(const Row& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
        line += i == 0 ? "" : ",";
        line += csv_field(to_valid_utf8(plain(row[i].value, "; ")));
    }
    sink_(line + "\r\n");
}

}  // namespace mailvigil::output

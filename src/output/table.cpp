#include "output/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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
/// A word is not broken in a column unless it is longer than this.
constexpr std::size_t kWordMax = 24;
constexpr std::size_t kBlockIndent = 2;
constexpr std::string_view kBetween = " · ";
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

std::size_t longest_word(std::string_view text) {
    std::size_t longest = 0;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        longest = std::max(longest, columns_of(word));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return longest;
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

/// A column of nothing takes room from those that say something.
void Table::drop_empty_columns() {
    const auto is_empty = [&](std::size_t column) {
        return std::ranges::all_of(waiting_,
                                   [&](const Row& row) { return for_people(row[column]).empty(); });
    };
    std::ranges::copy_if(people_, std::back_inserter(empty_), is_empty);
    std::erase_if(people_, is_empty);
}

/// The widest gives way first: it is the one with the sentences. No column gets narrower than its
/// floor; where that is not enough, there are no widths, and records become blocks.
void Table::squeeze(const std::vector<std::size_t>& floors) {
    const std::size_t gaps = kGap * (widths_.size() - 1);
    const auto total = [&] { return std::accumulate(widths_.begin(), widths_.end(), gaps); };
    while (total() > medium_.width) {
        std::size_t* widest = nullptr;
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            if (widths_[i] > floors[i] && (widest == nullptr || widths_[i] > *widest)) {
                widest = &widths_[i];
            }
        }
        if (widest == nullptr) {
            return widths_.clear();
        }
        --*widest;
    }
}

/// So many lines a row takes.
std::size_t Table::lines_of(const Row& row) const {
    std::size_t most = 1;
    for (std::size_t i = 0; i < people_.size(); ++i) {
        const std::string text = for_people(row[people_[i]]);
        std::size_t lines = 0;
        for (std::string_view rest = text; !rest.empty(); ++lines) {
            take_line(rest, widths_[i]);
        }
        most = std::max(most, lines);
    }
    return most;
}

/// Finds the widths and writes what waited for them.
void Table::measure() {
    if (measured_) {
        return;
    }
    measured_ = true;
    drop_empty_columns();
    std::vector<std::size_t> floors;
    for (const std::size_t column : people_) {
        std::size_t width = columns_of(columns_[column].name);
        std::size_t word = width;
        for (const Row& row : waiting_) {
            const std::string text = for_people(row[column]);
            width = std::max(width, columns_of(text));
            word = std::max(word, longest_word(text));
        }
        widths_.push_back(width);
        const std::size_t floor = std::max(kColumnMin, std::min(word, kWordMax));
        floors.push_back(columns_[column].fit == Fit::keeps ? width : std::min(width, floor));
    }
    if (medium_.width < kTableWidthMin) {
        widths_.clear();
    } else {
        squeeze(floors);
    }
    const auto is_tall = [&](const Row& row) { return lines_of(row) > kRowLinesMax; };
    if (!widths_.empty() && std::ranges::any_of(waiting_, is_tall)) {
        widths_.clear();
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
                line.append(pad, ' ');
                line += coloured(part, tones[i]);
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
    write_unforeseen(row);
}

/// What stands in a column that was empty in every row before.
void Table::write_unforeseen(const Row& row) {
    std::vector<Piece> pieces;
    for (const std::size_t column : empty_) {
        if (const std::string text = for_people(row[column]); !text.empty()) {
            pieces.push_back({fmt::format("{} {}", columns_[column].name, text), row[column].tone});
        }
    }
    write_pieces(pieces, kBetween, kBlockIndent);
}

std::string Table::coloured(std::string_view text, Tone tone) const {
    const std::string_view colour =
        medium_.colour == Colour::always ? colour_of(tone) : std::string_view();
    return fmt::format("{}{}{}", colour, text, colour.empty() ? "" : kColourEnd);
}

/// One after the other; what does not fit begins a new line.
void Table::write_pieces(const std::vector<Piece>& pieces,
                         std::string_view separator,
                         std::size_t indent) {
    // So narrow that not even a word fits: let the terminal break it.
    const std::size_t room =
        medium_.width > indent + kColumnMin ? medium_.width : std::string_view::npos;
    std::string line(indent, ' ');
    std::size_t used = indent;
    bool fresh = true;
    const auto end_line = [&] {
        sink_(line + '\n');
        line.assign(std::max(indent, kBlockIndent), ' ');
        used = line.size();
        fresh = true;
    };
    for (const Piece& piece : pieces) {
        if (!fresh && used + columns_of(separator) + columns_of(piece.text) > room) {
            end_line();
        } else if (!fresh) {
            line += separator;
            used += columns_of(separator);
        }
        for (std::string_view rest = piece.text; !rest.empty();) {
            const std::string_view part = take_line(rest, room - used);
            line += coloured(part, piece.tone);
            used += columns_of(part);
            fresh = false;
            if (!rest.empty()) {
                end_line();
            }
        }
    }
    if (!fresh) {
        end_line();
    }
}

void Table::write_block(const Row& row) {
    std::vector<Piece> leading;
    std::vector<Piece> named;
    const auto take = [&](std::size_t column) {
        const Cell& cell = row[column];
        std::string text = for_people(cell);
        if (text.empty()) {
            return;
        }
        if (columns_[column].in_block == InBlock::leads) {
            leading.push_back({std::move(text), cell.tone});
        } else {
            named.push_back({fmt::format("{} {}", columns_[column].name, text), cell.tone});
        }
    };
    std::ranges::for_each(people_, take);
    std::ranges::for_each(empty_, take);
    write_pieces(leading, std::string(kGap, ' '), 0);
    write_pieces(named, kBetween, kBlockIndent);
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
        const std::string text = plain(row[i].value, "; ");
        line += csv_field(medium_.terminal ? escape_for_terminal(text) : to_valid_utf8(text));
    }
    sink_(line + "\r\n");
}

}  // namespace mailvigil::output

// Table: rows for people (aligned, wrapped, or a block a record where it is narrow; no column that
// is empty in every row) and the same rows for programs (JSON, NDJSON, CSV by RFC 4180), from one
// description of the columns.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "output/format.h"

namespace mailvigil::output {

enum class TableForm : std::uint8_t { text, json, ndjson, csv };

inline constexpr std::string_view kTableForms[] = {"text", "json", "ndjson", "csv"};

std::optional<TableForm> parse_table_form(std::string_view name);

/// Who sees a column.
enum class Shown : std::uint8_t { always, to_programs };

/// What happens to a column where there is little room.
enum class Fit : std::uint8_t { wraps, keeps };

/// Where a value stands when a record is a block: in its first line, or below with its name.
enum class InBlock : std::uint8_t { named, leads };

struct Column {
    std::string_view name;  ///< the key in JSON and CSV; in capitals the heading for people
    Shown shown = Shown::always;
    Fit fit = Fit::wraps;
    InBlock in_block = InBlock::named;
};

/// How a cell stands out on a terminal that has colours.
enum class Tone : std::uint8_t { plain, notable, alarming };

/// One value of a row; monostate where there is none.
struct Cell {
    using Value = std::
        variant<std::monostate, std::string, std::uint64_t, Timestamp, std::vector<std::string>>;

    Value value;       ///< what programs get; raw, escaped by the table
    std::string text;  ///< what people get where it is not the value itself; raw as well
    Tone tone = Tone::plain;
};

using Row = std::vector<Cell>;

/// Rows that are looked at to find out how wide the columns must be. What comes after is written
/// as it comes, so that a long answer takes no memory.
inline constexpr std::size_t kTableRowsMeasured = 500;
/// Below this many columns a record becomes a block.
inline constexpr std::size_t kTableWidthMin = 60;
/// Where a row would take more lines than this, records become blocks.
inline constexpr std::size_t kRowLinesMax = 3;

class Table {
  public:
    using Sink = std::function<void(std::string_view)>;

    /// `columns` must outlive the table.
    Table(TableForm form, std::span<const Column> columns, const Medium& medium, Sink sink);

    /// A cell for each column, in their order.
    void add(Row row);

    /// Writes what waits and the end. Nothing may be added afterwards.
    void finish();

    [[nodiscard]] std::uint64_t rows() const { return rows_; }

  private:
    using Line = std::vector<std::string>;

    struct Piece {
        std::string text;
        Tone tone = Tone::plain;
    };

    void measure();
    void drop_empty_columns();
    void squeeze(const std::vector<std::size_t>& floors);
    [[nodiscard]] std::size_t lines_of(const Row& row) const;
    [[nodiscard]] std::string coloured(std::string_view text, Tone tone) const;
    void write_unforeseen(const Row& row);
    void write_pieces(const std::vector<Piece>& pieces,
                      std::string_view separator,
                      std::size_t indent);
    void write_heading();
    void write_line(const Line& texts, const std::vector<Tone>& tones);
    void write_text(const Row& row);
    void write_block(const Row& row);
    void write_json(const Row& row);
    void write_csv(const Row& row);

    TableForm form_;
    std::span<const Column> columns_;
    Medium medium_;
    Sink sink_;
    std::vector<std::size_t> people_;  ///< columns that people see
    std::vector<std::size_t> empty_;   ///< of those, without a value in the rows measured
    std::vector<Row> waiting_;
    std::vector<std::size_t> widths_;  ///< of people_; empty: a block a record
    bool measured_ = false;
    std::uint64_t rows_ = 0;
};

}  // namespace mailvigil::output

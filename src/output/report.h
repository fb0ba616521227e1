// Report: a page for people without mailvigil: one self-contained HTML file, no scripts, nothing
// fetched, fit for a printer.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailvigil::output {

struct ReportSection {
    std::string heading;
    std::vector<std::string> paragraphs;
    std::vector<std::pair<std::string, std::string>> facts;  ///< label, text
    std::vector<std::string> columns;                        ///< of a table; empty: there is none
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> commands;  ///< to copy
};

struct Report {
    std::string title;
    std::string subtitle;
    std::vector<ReportSection> sections;
};

/// Texts are raw: hostile bytes are made visible and markup is escaped here, once.
std::string render_html(const Report& report);

/// `text` as HTML shows it literally, in an element or a quoted attribute.
std::string escape_for_html(std::string_view text);

}  // namespace mailvigil::output

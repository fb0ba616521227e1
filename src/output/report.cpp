#include "output/report.h"

#include <fmt/format.h>

#include "base/escape.h"

namespace mailvigil::output {

namespace {

// No network, no scripts: also a browser that is told otherwise by a hostile text does nothing.
constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0}</title>
<style>
body {{ font: 15px/1.5 "Liberation Sans", Arial, sans-serif; color: #1b1b1b; background: #fff;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; margin: 0; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 2px solid #1b1b1b; }}
.subtitle {{ color: #555; margin: .2rem 0 1.5rem; }}
dl {{ display: grid; grid-template-columns: 9rem 1fr; gap: .3rem 1rem; margin: .5rem 0; }}
dt {{ color: #555; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; font-size: .85rem; }}
th {{ text-align: left; border-bottom: 1px solid #1b1b1b; padding: .2rem .5rem .2rem 0; }}
td {{ vertical-align: top; border-bottom: 1px solid #ddd; padding: .2rem .5rem .2rem 0;
  overflow-wrap: anywhere; }}
pre {{ background: #f3f3f3; padding: .5rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }}
@media print {{ body {{ margin: 0; max-width: none; font-size: 11px; }} thead {{ display:
  table-header-group; }} tr, dd, pre {{ break-inside: avoid; }} h2 {{ break-after: avoid; }} }}
</style>
</head>
<body>
<h1>{0}</h1>
<p class="subtitle">{1}</p>
)";

void render_table(const ReportSection& section, std::string& out) {
    out += "<table>\n<thead><tr>";
    for (const std::string& column : section.columns) {
        out += fmt::format("<th>{}</th>", escape_for_html(column));
    }
    out += "</tr></thead>\n<tbody>\n";
    for (const auto& row : section.rows) {
        out += "<tr>";
        for (const std::string& text : row) {
            out += fmt::format("<td>{}</td>", escape_for_html(text));
        }
        out += "</tr>\n";
    }
    out += "</tbody>\n</table>\n";
}

void render_section(const ReportSection& section, std::string& out) {
    out += fmt::format("<section>\n<h2>{}</h2>\n", escape_for_html(section.heading));
    for (const std::string& paragraph : section.paragraphs) {
        out += fmt::format("<p>{}</p>\n", escape_for_html(paragraph));
    }
    if (!section.facts.empty()) {
        out += "<dl>\n";
        for (const auto& [label, text] : section.facts) {
            out += fmt::format(
                "<dt>{}</dt><dd>{}</dd>\n", escape_for_html(label), escape_for_html(text));
        }
        out += "</dl>\n";
    }
    if (!section.columns.empty()) {
        render_table(section, out);
    }
    for (const std::string& command : section.commands) {
        out += fmt::format("<pre>{}</pre>\n", escape_for_html(command));
    }
    out += "</section>\n";
}

}  // namespace

std::string escape_for_html(std::string_view text) {
    std::string out;
    for (const char c : escape_for_terminal(text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string render_html(const Report& report) {
    std::string out =
        fmt::format(kHead, escape_for_html(report.title), escape_for_html(report.subtitle));
    for (const ReportSection& section : report.sections) {
        render_section(section, out);
    }
    return out + "</body>\n</html>\n";
}

}  // namespace mailvigil::output

// mailvigil list KIND: the rosters, so that a user sees what this build knows.
#include <fmt/format.h>

#include <vector>

#include "app/configuration.h"
#include "app/knowledge.h"
#include "base/print.h"
#include "base/suggest.h"
#include "cli/command/roster.h"
#include "detect/analytic/roster.h"
#include "ingest/adapter/roster.h"
#include "mail/store/roster.h"
#include "output/format/roster.h"

namespace mailvigil::cli::command {

namespace {

struct Kind {
    std::string_view name;
    std::string_view summary;
    void (*print)();
};

void row(std::string_view name, std::string_view summary) {
    mailvigil::print(stdout, "{:<20} {}\n", name, summary);
}

void print_adapters() {
    for (const auto* entry : ingest::adapter::roster()) {
        row(entry->name, entry->summary);
    }
}

void print_analytics() {
    for (const auto* entry : detect::analytic::roster()) {
        row(entry->name, fmt::format("{}: {}", entry->rule_id, entry->summary));
    }
}

void print_commands() {
    for (const auto* entry : roster()) {
        row(entry->name, entry->summary);
    }
}

void print_fields() {
    for (const FieldRow& field : field_rows()) {
        row(field.ecs, field.meaning);
    }
}

void print_formats() {
    for (const auto* entry : output::format::roster()) {
        row(entry->name, entry->summary);
    }
}

void print_stores() {
    for (const auto* entry : mail::store::roster()) {
        row(entry->name, entry->summary);
    }
}

void print_tools() {
    Diagnostics diagnostics;
    const detect::Knowledge knowledge = app::load_knowledge({}, diagnostics);
    for (const std::string_view name : knowledge.commands.names()) {
        mailvigil::print(stdout, "{}\n", name);
    }
}

constexpr Kind kKinds[] = {
    {"adapters", "telemetry that can be read", print_adapters},
    {"analytics", "questions that are asked of it", print_analytics},
    {"commands", "what can be said to mailvigil", print_commands},
    {"fields", "fields of an event, by their ECS names", print_fields},
    {"formats", "ways in which findings are written", print_formats},
    {"stores", "mail store formats", print_stores},
    {"tools", "programs whose arguments are understood", print_tools},
};

Exit run(const Arguments& arguments) {
    const auto wanted = arguments.value("KIND");
    if (!wanted) {
        for (const Kind& kind : kKinds) {
            row(kind.name, kind.summary);
        }
        return Exit::nothing_found;
    }
    std::vector<std::string_view> names;
    for (const Kind& kind : kKinds) {
        if (kind.name == *wanted) {
            kind.print();
            return Exit::nothing_found;
        }
        names.push_back(kind.name);
    }
    complain(fmt::format("nothing of kind \"{}\"{} (mailvigil list shows the kinds)",
                         *wanted,
                         did_you_mean(*wanted, names)));
    return Exit::usage;
}

constexpr Option kOptions[] = {
    {"KIND", OptionKind::positional, "", "what to list; without it the kinds themselves"},
};

}  // namespace

extern const Command list{
    .name = "list",
    .summary = "show what this build knows: adapters, stores, tools, formats, ...",
    .example = "mailvigil list stores",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

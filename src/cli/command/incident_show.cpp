// mailvigil incident show: the story of an incident, what it rests on, and how to prove it.
#include <fmt/format.h>

#include "app/incident.h"
#include "app/person.h"
#include "app/question.h"
#include "base/escape.h"
#include "base/print.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/format.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

using output::render_count;

constexpr std::size_t kLineageShownMax = 40;

/// The processes behind it, as they were sealed: each before its parent.
Result<void> tell_lineage(app::EvidenceFolder& folder, const std::vector<std::uint64_t>& leaves) {
    std::string_view label = "lineage";
    for (std::size_t i = 0; i < leaves.size() && i < kLineageShownMax; ++i) {
        EventBatch batch;
        const Event& event = *TRY(folder.event(leaves[i], batch));
        const std::string parent = event.has(Field::process_parent_pid)
                                       ? fmt::format(" of {}", event.process_parent_pid())
                                       : "";
        note(label,
             fmt::format("{} pid {}{}: {} (record {})",
                         output::render_day_and_clock(event.time),
                         event.process_pid(),
                         parent,
                         app::command_of(event),
                         leaves[i]));
        label = "";
    }
    if (leaves.size() > kLineageShownMax) {
        note(label, fmt::format("and {} more", leaves.size() - kLineageShownMax));
    }
    return {};
}

Result<void> tell_records(app::EvidenceFolder& folder,
                          const evidence::IncidentRow& incident,
                          const app::IncidentRecords& records) {
    const std::vector<std::uint64_t> all = records.all();
    const std::pair<std::string_view, const std::vector<std::uint64_t>*> kinds[] = {
        {"finding", &records.findings},
        {"access", &records.accesses},
        {"process start", &records.lineage},
        {"gap", &records.gaps},
        {"other record", &records.others}};
    std::string parts;
    for (const auto& [name, leaves] : kinds) {
        if (!leaves->empty()) {
            parts += fmt::format("{}{}: {}",
                                 parts.empty() ? "" : " · ",
                                 render_count(leaves->size(), name),
                                 output::render_ranges(*leaves));
        }
    }
    TRY(tell_lineage(folder, records.lineage));
    note("records", parts);
    const auto state = TRY(folder.sealed());
    note("sealed", describe(state, all.empty() ? 0 : all.back()));
    if (incident.closed_leaf) {
        note("closed",
             fmt::format("by {}: {} (record {})",
                         incident.closed_by,
                         incident.closed_because,
                         *incident.closed_leaf));
    }
    if (!incident.leaves.empty()) {
        note("prove",
             app::asked_of(folder.path(),
                           fmt::format("mailvigil evidence prove {}", incident.leaves.back())));
    }
    note("hand over",
         app::asked_of(folder.path(),
                       fmt::format("mailvigil evidence export --incident {} --to case-{}",
                                   incident.number,
                                   incident.number)));
    return {};
}

Result<void> show(app::EvidenceFolder& folder, std::uint64_t number, bool for_people) {
    const auto incident = TRY(app::find_incident(folder, number));
    if (incident.leaves.empty()) {
        return fail(ErrorCode::unknown,
                    fmt::format("the findings of incident {} are pruned", number));
    }
    EventBatch batch;
    const Event* finding = TRY(folder.event(incident.leaves.back(), batch));
    const output::Format* format = output::find_format(for_people ? "text" : "ndjson");
    std::string story;
    format->render(*finding, standard_medium(), story);
    mailvigil::print(stdout, "{}", story);
    if (!for_people) {
        return {};
    }
    const auto records = TRY(app::records_of(folder, incident));
    return tell_records(folder, incident, records);
}

Exit run(const Arguments& arguments) {
    const auto text = arguments.value("NUMBER");
    if (!text) {
        complain("name an incident by its number (mailvigil incident list shows them)");
        return Exit::usage;
    }
    const auto number = read_number("NUMBER", *text);
    const std::string form = arguments.value("--output").value_or("text");
    if (form != "text" && form != "json" && form != "ndjson") {
        complain(fmt::format("--output: a story is text, json or ndjson, not \"{}\"", form));
        return Exit::usage;
    }
    if (!number) {
        return Exit::usage;
    }
    auto folder = app::EvidenceFolder::open(evidence::posix_disk(), evidence_folder(arguments));
    if (!folder) {
        return complain_of(folder.error());
    }
    const auto shown = show(*folder, *number, form == "text");
    return shown ? Exit::nothing_found : complain_of(shown.error());
}

constexpr Option kOptions[] = {
    {"NUMBER", OptionKind::positional, "", "the incident"},
    {"--output", OptionKind::value, "FORM", "text (default), or json: the finding, ECS names"},
    kEvidenceOption,
};

}  // namespace

extern const Command incident_show{
    .name = "incident_show",
    .summary = "the story of an incident and the records that it rests on",
    .example = "mailvigil incident show 17",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

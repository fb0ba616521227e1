// mailvigil incident list: the incidents of a ledger.
#include <fmt/format.h>

#include "app/person.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

using output::Fit;
using output::Shown;

constexpr output::InBlock kLeads = output::InBlock::leads;

constexpr output::Column kColumns[] = {{.name = "incident", .in_block = kLeads},
                                       {.name = "when", .fit = Fit::keeps, .in_block = kLeads},
                                       {.name = "until", .shown = Shown::to_programs},
                                       {.name = "level", .fit = Fit::keeps, .in_block = kLeads},
                                       {.name = "what", .in_block = kLeads},
                                       {.name = "who"},
                                       {.name = "session", .fit = Fit::keeps},
                                       {.name = "from", .fit = Fit::keeps},
                                       {.name = "stage"},
                                       {.name = "state"},
                                       {.name = "verdict", .shown = Shown::to_programs},
                                       {.name = "mailboxes", .shown = Shown::to_programs},
                                       {.name = "rule", .shown = Shown::to_programs},
                                       {.name = "closed_by", .shown = Shown::to_programs},
                                       {.name = "closed_because", .shown = Shown::to_programs},
                                       {.name = "host", .shown = Shown::to_programs},
                                       {.name = "record", .shown = Shown::to_programs}};

output::Row row_of(const evidence::IncidentRow& incident, Timestamp now) {
    output::Cell state = cell(incident.closed_leaf ? "closed" : "open");
    if (incident.closed_leaf) {
        state.text = fmt::format("closed by {}: {}", incident.closed_by, incident.closed_because);
    }
    const app::Person person = app::read_person(incident.who);
    output::Cell mailboxes;
    mailboxes.value = incident.mailboxes;
    const auto record =
        incident.leaves.empty() ? std::nullopt : std::optional(incident.leaves.back());
    return {cell(incident.number),
            cell(incident.start, output::render_moment(incident.start, incident.end, now)),
            cell(incident.end),
            cell(incident.level, tone_of(incident.level)),
            cell(incident.title),
            cell(person.who),
            cell(person.session),
            cell(person.from),
            cell(incident.stage),
            state,
            cell(incident.verdict),
            mailboxes,
            cell(incident.rule),
            cell(incident.closed_by),
            cell(incident.closed_because),
            cell(incident.host),
            cell(record)};
}

Exit run(const Arguments& arguments) {
    const auto question = read_question(arguments);
    if (!question) {
        return Exit::usage;
    }
    auto folder = app::EvidenceFolder::open(evidence::posix_disk(), question->folder);
    if (!folder) {
        return complain_of(folder.error());
    }
    const auto incidents = folder->index().incidents(folder->ledger(), question->span);
    if (!incidents) {
        return complain_of(incidents.error());
    }
    output::Table table = standard_table(question->form, kColumns);
    std::uint64_t open = 0;
    for (const evidence::IncidentRow& incident : *incidents) {
        if (arguments.has("--open") && incident.closed_leaf) {
            continue;
        }
        open += incident.closed_leaf ? 0 : 1;
        table.add(row_of(incident, question->now));
    }
    table.finish();
    if (table.rows() == 0) {
        complain("no incident in this span");
        return Exit::nothing_found;
    }
    if (question->for_people()) {
        end_of_rows();
        note("in all",
             fmt::format("{}, {} of them not closed by anybody · days and times are UTC",
                         output::render_count(table.rows(), "incident"),
                         open));
        note("next",
             app::asked_of(folder->path(),
                           fmt::format("mailvigil incident show {}", incidents->back().number)));
    }
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    kSinceOption,
    kUntilOption,
    {"--open", OptionKind::flag, "", "only what nobody has closed"},
    kOutputOption,
    kEvidenceOption,
};

}  // namespace

extern const Command incident_list{.name = "incident_list",
                                   .summary = "the incidents of a ledger",
                                   .example = "mailvigil incident list --since \"last monday\"",
                                   .options = kOptions,
                                   .run = run};

}  // namespace mailvigil::cli::command

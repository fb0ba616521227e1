#include "cli/entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "app/person.h"
#include "event/event.h"
#include "output/moment.h"

namespace mailvigil::cli {

namespace {

using output::Fit;
using output::Shown;

constexpr output::InBlock kLeads = output::InBlock::leads;

constexpr output::Column kColumns[] = {{.name = "when", .fit = Fit::keeps, .in_block = kLeads},
                                       {.name = "until", .shown = Shown::to_programs},
                                       {.name = "clock", .shown = Shown::to_programs},
                                       {.name = "class", .fit = Fit::keeps},
                                       {.name = "level", .fit = Fit::keeps, .in_block = kLeads},
                                       {.name = "what", .in_block = kLeads},
                                       {.name = "who"},
                                       {.name = "session", .fit = Fit::keeps},
                                       {.name = "from", .fit = Fit::keeps},
                                       {.name = "verdict", .shown = Shown::to_programs},
                                       {.name = "stage", .shown = Shown::to_programs},
                                       {.name = "incident"},
                                       {.name = "action", .shown = Shown::to_programs},
                                       {.name = "host", .shown = Shown::to_programs},
                                       {.name = "record"}};

/// An EntryRow that may be kept.
struct Entry {
    Timestamp time;
    Timestamp end;
    std::string event_class;
    std::string action;
    std::string host;
    std::string level;
    std::string verdict;
    std::string stage;
    std::string title;
    std::string who;
    std::optional<std::uint64_t> incident;
    std::uint64_t leaf = 0;
};

Entry keep(const evidence::EntryRow& row) {
    return {.time = row.time,
            .end = row.end,
            .event_class = std::string(row.event_class),
            .action = std::string(row.action),
            .host = std::string(row.host),
            .level = std::string(row.level),
            .verdict = std::string(row.verdict),
            .stage = std::string(row.stage),
            .title = std::string(row.title),
            .who = std::string(row.who),
            .incident = row.incident,
            .leaf = row.leaf};
}

/// Of the ledger itself: its time is that of the sealing, which of an old log is much later than
/// what the log tells of.
bool is_of_the_ledger(const Entry& entry) {
    return entry.event_class == to_text(EventClass::ledger) || entry.action == "settings" ||
           entry.action == "reading";
}

output::Row row_of(const Entry& entry, Timestamp now) {
    const bool sealing = is_of_the_ledger(entry);
    const app::Person person = app::read_person(entry.who);
    output::Cell what = cell(entry.title);
    if (entry.title.empty()) {
        what.text = entry.action;
    } else if (sealing) {
        what.text = fmt::format("{}: {}", entry.action, entry.title);
    }
    const std::string when = output::render_moment(entry.time, entry.end, now);
    return {cell(entry.time, sealing ? fmt::format("sealed {}", when) : when),
            cell(entry.end),
            cell(sealing ? "ledger" : "event"),
            cell(entry.event_class),
            cell(entry.level, tone_of(entry.level)),
            what,
            cell(person.who),
            cell(person.session),
            cell(person.from),
            cell(entry.verdict),
            cell(entry.stage),
            cell(entry.incident),
            cell(entry.action),
            cell(entry.host),
            cell(entry.leaf)};
}

/// What is many and says little by itself.
bool is_background(const evidence::EntryRow& row) {
    if (row.event_class == to_text(EventClass::ledger)) {
        return row.action == "heartbeat" || row.action == "key";
    }
    return row.event_class == to_text(EventClass::content) ||
           row.event_class == to_text(EventClass::process_start);
}

}  // namespace

Result<EntriesShown> show_entries(app::EvidenceFolder& folder,
                                  const Question& question,
                                  const EntryChoice& choice) {
    EntriesShown shown;
    std::vector<Entry> entries;
    std::map<std::pair<std::string, std::uint64_t>, std::size_t> findings;
    const auto visit = [&](const evidence::EntryRow& row) {
        if (!choice.event_class.empty() && row.event_class != choice.event_class) {
            return;
        }
        if (choice.event_class.empty() && !choice.everything && is_background(row)) {
            ++shown.hidden;
            return;
        }
        shown.last_leaf = std::max(shown.last_leaf, row.leaf);
        const bool finding = row.event_class == to_text(EventClass::finding) && row.incident;
        if (finding) {
            shown.incident = row.incident;
        }
        if (finding && !choice.everything) {
            // Of an incident that grew the last word is enough.
            const auto [at, fresh] = findings.try_emplace(
                std::pair(std::string(row.host), *row.incident), entries.size());
            if (!fresh) {
                if (row.leaf > entries[at->second].leaf) {
                    entries[at->second] = keep(row);
                }
                return;
            }
        }
        entries.push_back(keep(row));
    };
    TRY(folder.index().entries(
        folder.ledger(),
        question.span,
        choice.path.empty() ? std::nullopt : std::optional<std::string_view>(choice.path),
        visit));
    shown.rows = entries.size();
    // The caller says what it means when a person gets nothing; a program gets its empty list.
    if (shown.rows > 0 || (choice.path.empty() && !question.for_people())) {
        output::Table table = standard_table(question.form, kColumns);
        for (const Entry& entry : entries) {
            table.add(row_of(entry, question.now));
        }
        table.finish();
    }
    return shown;
}

Exit tell_below_entries(app::EvidenceFolder& folder,
                        const Question& question,
                        const EntriesShown& shown) {
    if (!question.for_people()) {
        return Exit::nothing_found;
    }
    end_of_rows();
    note("in all",
         fmt::format("{}{} · days and times are UTC, those of the events; \"sealed\" is the "
                     "ledger's own clock",
                     output::render_count(shown.rows, "entry"),
                     shown.hidden == 0 ? ""
                                       : fmt::format("; {} of heartbeats, contents and process "
                                                     "starts left out (--all shows them)",
                                                     shown.hidden)));
    if (!tell_grounds(folder, question.span, shown.last_leaf)) {
        return Exit::failure;
    }
    if (shown.incident) {
        note("next",
             app::asked_of(folder.path(),
                           fmt::format("mailvigil incident show {}", *shown.incident)));
    }
    return Exit::nothing_found;
}

}  // namespace mailvigil::cli

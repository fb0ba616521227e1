// mailvigil timeline: what happened, in order: findings, changed configuration, gaps, closings,
// starts and stops of the ledger.
#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/command/roster.h"
#include "cli/entries.h"
#include "event/event.h"

namespace mailvigil::cli::command {

namespace {

Exit run(const Arguments& arguments) {
    const auto question = read_question(arguments);
    if (!question) {
        return Exit::usage;
    }
    const std::string event_class = arguments.value("--class").value_or("");
    if (!event_class.empty() && !parse_event_class(event_class)) {
        complain(
            fmt::format("--class: \"{}\" is no class of events such as finding, "
                        "configuration, gap or ledger",
                        event_class));
        return Exit::usage;
    }
    auto folder = app::EvidenceFolder::open(evidence::posix_disk(), question->folder);
    if (!folder) {
        return complain_of(folder.error());
    }
    const auto shown = show_entries(
        *folder,
        *question,
        {.path = {}, .everything = arguments.has("--all"), .event_class = event_class});
    if (!shown) {
        return complain_of(shown.error());
    }
    if (shown->rows == 0) {
        complain("nothing to tell in this span but, perhaps, accesses (mailvigil who MAILBOX)");
        return Exit::nothing_found;
    }
    return tell_below_entries(*folder, *question, *shown);
}

constexpr Option kOptions[] = {
    kSinceOption,
    kUntilOption,
    {"--class", OptionKind::value, "CLASS", "only finding, configuration, gap, ledger, ..."},
    {"--all",
     OptionKind::flag,
     "",
     "also heartbeats, contents, process starts and earlier words on an incident"},
    kOutputOption,
    kEvidenceOption,
};

}  // namespace

extern const Command timeline{.name = "timeline",
                              .summary = "what happened, in order",
                              .example = "mailvigil timeline --since yesterday --until today",
                              .options = kOptions,
                              .run = run};

}  // namespace mailvigil::cli::command

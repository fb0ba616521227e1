// mailvigil incident close: says who closed an incident and why, sealed.
#include <fmt/format.h>

#include "app/incident.h"
#include "base/escape.h"
#include "base/print.h"
#include "cli/command/roster.h"
#include "cli/question.h"

namespace mailvigil::cli::command {

namespace {

Exit run(const Arguments& arguments) {
    const auto text = arguments.value("NUMBER");
    const auto reason = arguments.value("--reason");
    const auto by = arguments.value("--by");
    if (!text || !reason || !by) {
        complain(
            "closing wants the incident's number, a reason and a name: mailvigil incident close "
            "17 --reason \"restore test\" --by \"A. Berg\"");
        return Exit::usage;
    }
    const auto number = read_number("NUMBER", *text);
    if (!number) {
        return Exit::usage;
    }
    const std::string folder = evidence_folder(arguments);
    const auto leaf = app::close_incident(evidence::posix_disk(),
                                          folder,
                                          {.incident = *number, .reason = *reason, .by = *by},
                                          wall_clock());
    if (!leaf) {
        return complain_of(leaf.error());
    }
    mailvigil::print(stdout,
                     "incident {} is closed by {}: {} (sealed as record {})\n",
                     *number,
                     escape_for_terminal(*by),
                     escape_for_terminal(*reason),
                     *leaf);
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"NUMBER", OptionKind::positional, "", "the incident"},
    {"--reason", OptionKind::value, "TEXT", "why it is closed; sealed"},
    {"--by", OptionKind::value, "NAME", "who closes it; sealed, beside the login user id"},
    kEvidenceOption,
};

}  // namespace

extern const Command incident_close{
    .name = "incident_close",
    .summary = "close an incident: who and why is sealed",
    .example = "mailvigil incident close 17 --reason \"restore test\" --by \"A. Berg\"",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

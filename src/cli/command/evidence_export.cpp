// mailvigil evidence export: a case bundle for somebody who has neither the ledger nor the host.
#include <fmt/format.h>

#include "app/case_bundle.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

Exit run(const Arguments& arguments) {
    const auto question = read_question(arguments);
    if (!question) {
        return Exit::usage;
    }
    app::BundleRequest request{.incident = std::nullopt,
                               .span = question->span,
                               .to = arguments.value("--to").value_or(""),
                               .now = question->now};
    if (const auto text = arguments.value("--incident")) {
        request.incident = read_number("--incident", *text);
        if (!request.incident) {
            return Exit::usage;
        }
    }
    const bool span = question->span.since || question->span.until;
    if (request.to.empty() || span == request.incident.has_value()) {
        complain(
            "say what and whereto: --incident 17 --to case-17, or --since yesterday --to case");
        return Exit::usage;
    }
    auto folder = app::EvidenceFolder::open(evidence::posix_disk(), question->folder);
    if (!folder) {
        return complain_of(folder.error());
    }
    const auto bundle = app::export_bundle(evidence::posix_disk(), *folder, request);
    if (!bundle) {
        return complain_of(bundle.error());
    }
    note("written",
         fmt::format("{}: {}, {}",
                     request.to,
                     output::render_count(bundle->records, "record"),
                     output::render_count(bundle->proofs, "proof")));
    if (!bundle->unproved.empty()) {
        note("weakened by",
             fmt::format("{} not sealed yet and without proof ({}); export again after the next "
                         "checkpoint",
                         output::render_count(bundle->unproved.size(), "record"),
                         output::render_ranges(bundle->unproved)));
    }
    note("next", fmt::format("mailvigil evidence import {} --vkey FIRST_EPOCH_KEY", request.to));
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"--incident", OptionKind::value, "NUMBER", "an incident and all that it rests on"},
    kSinceOption,
    kUntilOption,
    {"--to", OptionKind::value, "DIR", "the new folder"},
    kEvidenceOption,
};

}  // namespace

extern const Command evidence_export{
    .name = "evidence_export",
    .summary = "a case bundle: records, proofs and a report to hand over",
    .example = "mailvigil evidence export --incident 17 --to case-17",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

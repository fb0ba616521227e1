// mailvigil evidence status: what is in a ledger, how far it is sealed, whose keys it has.
#include <fmt/format.h>

#include "app/ledger_status.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

using output::Cell;
using output::Column;
using output::render_count;

constexpr Column kColumns[] = {{.name = "name"}, {.name = "value"}};

std::uint64_t leaves_of(const app::LedgerStatus& status) {
    return status.state.size - std::min(status.first, status.state.size);
}

double bytes_a_leaf(const app::LedgerStatus& status) {
    const std::uint64_t leaves = leaves_of(status);
    return leaves == 0 ? 0
                       : static_cast<double>(status.segment_bytes) / static_cast<double>(leaves);
}

std::string index_text(const app::LedgerStatus& status) {
    if (status.indexed >= status.state.size) {
        return "complete";
    }
    return fmt::format("{} behind; mailvigil evidence reindex makes it anew",
                       render_count(status.state.size - status.indexed, "record"));
}

/// What the writer said in its newest seal: of a recovery, of a clock, of what it could not do.
std::string last_words(app::EvidenceFolder& folder, const app::LedgerStatus& status) {
    EventBatch batch;
    if (status.state.sealed == 0) {
        return {};
    }
    const auto seal = folder.event(status.state.sealed - 1, batch);
    return seal ? std::string((*seal)->message()) : std::string();
}

void tell(const app::LedgerStatus& status,
          const std::string& folder,
          const std::string& last_seal) {
    note("origin", status.state.origin.empty() ? "no checkpoint yet" : status.state.origin);
    note("records",
         fmt::format("{} to {}{}",
                     status.first,
                     status.state.size == 0 ? 0 : status.state.size - 1,
                     status.first == 0 ? ""
                                       : fmt::format("; {} before were pruned",
                                                     render_count(status.first, "record"))));
    note("sealed", describe(status.state, status.state.size == 0 ? 0 : status.state.size - 1));
    if (!last_seal.empty()) {
        note("", fmt::format("its seal says: {}", last_seal));
    }
    note("unsealed", render_count(status.state.unsealed(), "record"));
    note("segments",
         fmt::format("{} open, {} closed, {} compressed; {}, {:.1f} bytes a record",
                     status.segments_open,
                     status.segments_closed,
                     status.segments_sealed,
                     output::render_bytes(status.segment_bytes),
                     bytes_a_leaf(status)));
    if (status.segments_closed > 0) {
        note("", "closed segments are compressed beside the writing; the next writer tries again");
    }
    note("index", index_text(status));
    note("checkpoints",
         fmt::format("{}, {}", status.checkpoints, render_count(status.epochs, "epoch key")));
    if (status.witnesses.empty()) {
        note("witnesses",
             "none: whoever holds root can rewrite what was sealed since midnight UTC");
    }
    for (const app::WitnessStatus& witness : status.witnesses) {
        note(witness.name == status.witnesses.front().name ? "witnesses" : "",
             fmt::format("{}: claims size {}, {}",
                         witness.name,
                         witness.size,
                         render_count(witness.checkpoints, "checkpoint")));
    }
    if (!status.witnesses.empty()) {
        note("",
             "not verified here: anybody who can write the folder can put such a line there; to "
             "verify them: mailvigil evidence verify --witness VKEY");
    }
    if (!status.log_vkey.empty()) {
        note("log key", status.log_vkey);
        note("epoch key", status.first_epoch_vkey);
        note("", "keep the epoch key, the first of this ledger, outside this host:");
        note("next",
             app::asked_of(
                 folder,
                 fmt::format("mailvigil evidence verify --vkey {}", status.first_epoch_vkey)));
    }
}

Cell number(std::uint64_t value) {
    return {.value = value, .text = {}};
}

/// The same for programs: a row a fact.
void list(const app::LedgerStatus& status, const std::string& last_seal, output::TableForm form) {
    output::Table table = standard_table(form, kColumns);
    table.add({cell("origin"), cell(status.state.origin)});
    table.add({cell("first"), number(status.first)});
    table.add({cell("size"), number(status.state.size)});
    table.add({cell("sealed"), number(status.state.sealed)});
    if (status.state.time) {
        table.add({cell("sealed_at"), cell(*status.state.time)});
    }
    if (!last_seal.empty()) {
        table.add({cell("last_seal"), cell(last_seal)});
    }
    table.add({cell("unsealed"), number(status.state.unsealed())});
    table.add({cell("segments_open"), number(status.segments_open)});
    table.add({cell("segments_closed"), number(status.segments_closed)});
    table.add({cell("segments_sealed"), number(status.segments_sealed)});
    table.add({cell("bytes"), number(status.segment_bytes)});
    table.add({cell("indexed"), number(status.indexed)});
    table.add({cell("checkpoints"), number(status.checkpoints)});
    table.add({cell("epochs"), number(status.epochs)});
    table.add({cell("log_vkey"), cell(status.log_vkey)});
    table.add({cell("first_epoch_vkey"), cell(status.first_epoch_vkey)});
    for (const app::WitnessStatus& witness : status.witnesses) {
        table.add({cell(fmt::format("witness_unverified {}", witness.name)), number(witness.size)});
    }
    table.finish();
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
    const auto status = app::status_of(evidence::posix_disk(), *folder);
    if (!status) {
        return complain_of(status.error());
    }
    const std::string last_seal = last_words(*folder, *status);
    question->for_people() ? tell(*status, question->folder, last_seal)
                           : list(*status, last_seal, question->form);
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {kOutputOption, kEvidenceOption};

}  // namespace

extern const Command evidence_status{
    .name = "evidence_status",
    .summary = "what is in a ledger, how far it is sealed, and with which keys",
    .example = "mailvigil evidence status --evidence /var/lib/mailvigil/evidence",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

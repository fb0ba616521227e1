// mailvigil evidence reindex: makes the index of a ledger anew, from the ledger alone.
#include <fmt/format.h>

#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

Result<std::uint64_t> reindex(const std::string& path) {
    evidence::Disk& disk = evidence::posix_disk();
    std::uint64_t total = 0;
    {
        const auto ledger = TRY(evidence::LedgerReader::open(disk, path));
        total = TRY(ledger->size()) - ledger->first();
    }
    // The writer keeps its own index up to date; two would undo each other's work.
    const auto lock = TRY(disk.lock(app::lock_file(path)));
    Progress progress("records", total);
    return app::write_index(
        disk, path, app::Rebuild::everything, [&](std::uint64_t done) { progress.show(done); });
}

Exit run(const Arguments& arguments) {
    const std::string path = evidence_folder(arguments);
    const auto indexed = reindex(path);
    if (!indexed) {
        return complain_of(indexed.error());
    }
    note("index", fmt::format("made anew, {} in it", output::render_count(*indexed, "record")));
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {kEvidenceOption};

}  // namespace

extern const Command evidence_reindex{
    .name = "evidence_reindex",
    .summary = "make the index of a ledger anew, from the ledger alone",
    .example = "mailvigil evidence reindex --evidence /var/lib/mailvigil/evidence",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

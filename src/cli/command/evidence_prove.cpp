// mailvigil evidence prove: one record with its path to a signed checkpoint, to be checked offline.
#include <fmt/format.h>

#include <cstdio>

#include "base/print.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "evidence/checkpoint.h"

namespace mailvigil::cli::command {

namespace {

Result<void> write_new(const std::string& path, std::string_view content) {
    evidence::Disk& disk = evidence::posix_disk();
    if (disk.exists(path)) {
        return fail(ErrorCode::unwritable,
                    fmt::format("{} is there already; name another file", path));
    }
    const auto file = TRY(disk.open_append(path));
    return file->append(content);
}

Exit run(const Arguments& arguments) {
    const auto text = arguments.value("RECORD");
    if (!text) {
        complain("name a record by its number; every answer as json has it as \"record\"");
        return Exit::usage;
    }
    const auto leaf = read_number("RECORD", *text);
    if (!leaf) {
        return Exit::usage;
    }
    const auto ledger = evidence::LedgerReader::open(
        evidence::posix_disk(),
        arguments.value("--evidence").value_or(std::string(app::kDefaultEvidence)));
    const auto proof = ledger ? (*ledger)->prove(*leaf) : std::unexpected(ledger.error());
    if (!proof) {
        return complain_of(proof.error());
    }
    const std::string rendered = render(*proof);
    const auto to = arguments.value("-o");
    if (!to) {
        mailvigil::print(stdout, "{}", rendered);
        return Exit::nothing_found;
    }
    const auto written = write_new(*to, rendered);
    return written ? Exit::nothing_found : complain_of(written.error());
}

constexpr Option kOptions[] = {
    {"RECORD", OptionKind::positional, "", "number of the record"},
    {"-o", OptionKind::value, "FILE", "a new file for the proof; default standard output"},
    kEvidenceOption,
};

}  // namespace

extern const Command evidence_prove{
    .name = "evidence_prove",
    .summary = "prove one record, to be checked without the ledger (c2sp.org/tlog-proof)",
    .example = "mailvigil evidence prove 48211 -o 48211.tlog-proof",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

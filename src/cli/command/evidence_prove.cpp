// mailvigil evidence prove: one record with its path to a signed checkpoint, to be checked offline.
#include <fmt/format.h>

#include <cstdio>

#include "base/print.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "evidence/checkpoint.h"
#include "evidence/key_chain.h"

namespace mailvigil::cli::command {

namespace {

Result<void> check_new(evidence::Disk& disk, const std::string& path) {
    if (disk.exists(path)) {
        return fail(ErrorCode::unwritable,
                    fmt::format("{} is there already; name another file", path));
    }
    return {};
}

/// The proof and the chain of keys beside it, in new files.
Result<void> write_both(evidence::LedgerReader& ledger,
                        const std::string& folder,
                        const std::string& path,
                        std::string_view proof) {
    evidence::Disk& disk = evidence::posix_disk();
    const std::string keys = keys_beside(path);
    TRY(check_new(disk, path));
    TRY(check_new(disk, keys));
    const auto chain = TRY(evidence::key_chain(disk, evidence::Layout{folder}, ledger));
    TRY(evidence::write_key_chain(disk, keys, chain));
    const auto file = TRY(disk.open_append(path));
    TRY(file->append(proof));
    return file->sync();
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
    const std::string folder = evidence_folder(arguments);
    const auto ledger = evidence::LedgerReader::open(evidence::posix_disk(), folder);
    const auto proof = ledger ? (*ledger)->prove(*leaf) : std::unexpected(ledger.error());
    if (!proof) {
        return complain_of(proof.error());
    }
    const std::string rendered = render(*proof);
    const auto to = arguments.value("-o");
    if (!to) {
        mailvigil::print(stdout, "{}", rendered);
        complain(fmt::format(
            "who relies on it needs the chain of keys, too: mailvigil evidence prove {} -o FILE "
            "writes it to FILE.keys",
            *leaf));
        return Exit::nothing_found;
    }
    if (const auto written = write_both(**ledger, folder, *to, rendered); !written) {
        return complain_of(written.error());
    }
    complain(fmt::format(
        "hand over {0} and {1}; to verify them: mailvigil evidence verify --proof {0} --vkey "
        "FIRST_EPOCH_KEY",
        *to,
        keys_beside(*to)));
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"RECORD", OptionKind::positional, "", "number of the record"},
    {"-o",
     OptionKind::value,
     "FILE",
     "a new file for the proof, and FILE.keys for the chain of keys; default standard output"},
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

// mailvigil evidence anchor: has the newest checkpoint of a ledger cosigned by a witness, or writes
// it to syslog, so that it is remembered outside of the host.
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <optional>

#include "app/anchoring.h"
#include "base/escape.h"
#include "base/print.h"
#include "base/time.h"
#include "cli/command/roster.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::cli::command {

namespace {

struct Wish {
    std::string folder;
    std::optional<app::AnchorOptions> witness;
    bool syslog = false;
};

Timestamp now() {
    return std::chrono::system_clock::now();
}

Result<Wish> parse_wish(const Arguments& arguments) {
    const auto folder = arguments.value("--evidence");
    const auto url = arguments.value("--witness");
    const auto vkey = arguments.value("--vkey");
    Wish wish{.folder = folder.value_or(""),
              .witness = std::nullopt,
              .syslog = arguments.has("--syslog")};
    if (!folder) {
        return fail(ErrorCode::malformed, "--evidence says which ledger; it is missing");
    }
    if (url.has_value() != vkey.has_value()) {
        return fail(ErrorCode::malformed,
                    "--witness and --vkey belong together: where the witness is, and its key");
    }
    if (!url && !wish.syslog) {
        return fail(ErrorCode::malformed, "neither --witness nor --syslog says where to anchor");
    }
    if (url) {
        const evidence::VerifierKey witness = TRY(evidence::parse_vkey(*vkey));
        wish.witness = {.url = *url, .witness = witness};
        if (wish.witness->witness.type != evidence::KeyType::cosignature) {
            return fail(ErrorCode::malformed, "--vkey is that of a ledger, not of a witness");
        }
    }
    return wish;
}

Result<void> anchor_all(evidence::Ledger& ledger, const Wish& wish) {
    if (wish.syslog) {
        app::write_to_syslog(ledger.sealed());
    }
    if (wish.witness) {
        const auto cosigned =
            TRY(app::anchor(ledger, evidence::posix_disk(), wish.folder, *wish.witness));
        const auto time = evidence::cosignature_time(cosigned.note, wish.witness->witness);
        mailvigil::print(stdout,
                         "{}: {} leaves cosigned by {} at {}\n",
                         escape_for_terminal(cosigned.origin),
                         cosigned.head.size,
                         escape_for_terminal(wish.witness->witness.name),
                         render_utc_seconds(Timestamp(std::chrono::seconds(time))));
    }
    return {};
}

Result<void> anchor_folder(const Wish& wish) {
    evidence::Disk& disk = evidence::posix_disk();
    // A reader, unlike the writer, makes no new ledger where there is none.
    TRY(evidence::LedgerReader::open(disk, wish.folder));
    const auto ledger = TRY(evidence::Ledger::open(disk, wish.folder, {}, now()));
    auto anchored = anchor_all(*ledger, wish);
    auto closed = ledger->close(now());
    return anchored ? closed : anchored;
}

Exit run(const Arguments& arguments) {
    const auto wish = parse_wish(arguments);
    if (!wish) {
        complain(wish.error().message);
        return Exit::usage;
    }
    // A witness that hangs up must not end the ledger's writer.
    std::signal(SIGPIPE, SIG_IGN);
    if (const auto anchored = anchor_folder(*wish); !anchored) {
        complain(anchored.error().message);
        return Exit::failure;
    }
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"--evidence", OptionKind::value, "DIR", "the ledger's folder; nobody else may write it now"},
    {"--witness", OptionKind::value, "URL", "a witness: http[s]://HOST[:PORT][/PATH]"},
    {"--vkey", OptionKind::value, "VKEY", "the witness's verifier key"},
    {"--syslog", OptionKind::flag, "", "write the checkpoint as one line to syslog(3)"},
};

}  // namespace

extern const Command evidence_anchor{
    .name = "evidence_anchor",
    .summary = "have what a ledger sealed remembered outside of the host",
    .example = "mailvigil evidence anchor --evidence /var/lib/mailvigil/evidence --syslog",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

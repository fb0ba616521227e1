// mailvigil evidence witness: cosigns the checkpoints of other hosts' ledgers
// (c2sp.org/tlog-witness) until SIGTERM or SIGINT.
#include <fmt/format.h>
#include <pthread.h>

#include <charconv>
#include <csignal>

#include "app/witness_server.h"
#include "base/print.h"
#include "cli/command/roster.h"
#include "evidence/witness.h"

namespace mailvigil::cli::command {

namespace {

/// ADDR:PORT, or [ADDR]:PORT for IPv6.
Result<app::WitnessServerOptions> parse_listen(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::string_view address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    const std::string_view port =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    app::WitnessServerOptions options;
    options.address = address;
    const auto [stop, error] =
        std::from_chars(port.data(), port.data() + port.size(), options.port);
    if (address.empty() || error != std::errc() || stop != port.data() + port.size()) {
        return fail(ErrorCode::malformed,
                    fmt::format("--listen wants ADDR:PORT, not \"{}\"", text));
    }
    return options;
}

Result<std::vector<evidence::VerifierKey>> parse_logs(const Arguments& arguments) {
    std::vector<evidence::VerifierKey> logs;
    for (const std::string& text : arguments.values("VKEY")) {
        logs.push_back(TRY(evidence::parse_vkey(text)));
    }
    if (logs.empty()) {
        return fail(ErrorCode::malformed, "no ledger to witness: give the vkeys of their log keys");
    }
    return logs;
}

Result<void> serve(const std::string& folder,
                   const Arguments& arguments,
                   const app::WitnessServerOptions& options,
                   const std::vector<evidence::VerifierKey>& logs) {
    evidence::Disk& disk = evidence::posix_disk();
    auto key = TRY(evidence::load_witness_key(disk, folder, arguments.value("--name")));
    auto witness = TRY(evidence::Witness::open(disk, folder, std::move(key), logs));
    // Blocked in every thread that follows, so that only sigwait() sees them.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    const auto server = TRY(app::WitnessServer::start(witness, options));
    mailvigil::print(stdout, "{}\n", render(witness.verifier()));
    std::fflush(stdout);
    mailvigil::print(stderr, "mailvigil: witness listens on port {}\n", server->port());
    int signal = 0;
    sigwait(&ends, &signal);
    return {};
}

Exit run(const Arguments& arguments) {
    const auto folder = arguments.value("--state");
    const auto options = parse_listen(arguments.value("--listen").value_or("127.0.0.1:8647"));
    const auto logs = parse_logs(arguments);
    if (!folder || !options || !logs) {
        complain(!folder    ? "--state says where to remember what was cosigned; it is missing"
                 : !options ? options.error().message
                            : logs.error().message);
        return Exit::usage;
    }
    if (const auto served = serve(*folder, arguments, *options, *logs); !served) {
        complain(served.error().message);
        return Exit::failure;
    }
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"VKEY", OptionKind::positionals, "", "the log keys of the ledgers to witness"},
    {"--listen", OptionKind::value, "ADDR:PORT", "where to serve; default 127.0.0.1:8647"},
    {"--state", OptionKind::value, "DIR", "its key and the newest checkpoint of each ledger"},
    {"--name", OptionKind::value, "NAME", "name of the key that the first start makes"},
};

}  // namespace

extern const Command evidence_witness{
    .name = "evidence_witness",
    .summary = "cosign the checkpoints of other hosts' ledgers, until SIGTERM",
    .example =
        "mailvigil evidence witness --state /var/lib/mailvigil/witness --name mx2.example/w "
        "mx1.example/mailvigil/0c1d...+5d10a91c+AQOh...",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

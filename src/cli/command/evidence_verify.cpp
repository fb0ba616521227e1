// mailvigil evidence verify: whether a ledger, or one record's proof, is what was sealed.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "app/anchor.h"
#include "app/configuration.h"
#include "app/evidence_folder.h"
#include "app/ledger_status.h"
#include "base/escape.h"
#include "base/print.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "evidence/key_chain.h"
#include "evidence/verify.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

using evidence::VerifyOptions;
using evidence::VerifyReport;
using output::render_count;

constexpr std::uint64_t kThreadsMax = 64;
/// A writer is between a seal and its checkpoint for milliseconds; on a busy disk for longer.
constexpr Duration kPatience = std::chrono::seconds(2);

Result<evidence::VerifierKey> read_vkey(std::string_view option, const std::string& text) {
    auto key = evidence::parse_vkey(text);
    if (!key) {
        return fail(ErrorCode::malformed, fmt::format("{}: {}", option, key.error().message));
    }
    return key;
}

/// Says what of a file of anchors is left out.
void tell_left_out(const std::string& path, const app::OwnAnchors& own, std::uint64_t broken) {
    if (own.of_others > 0) {
        complain(fmt::format(
            "{}: {} of other ledgers left out", path, render_count(own.of_others, "checkpoint")));
    }
    if (own.not_signed > 0) {
        complain(
            fmt::format("{}: {} under the name of this ledger, but not signed by its log key, left "
                        "out: forged, or the ledger was made anew; compare its log key (mailvigil "
                        "evidence status) with the one that was kept elsewhere",
                        path,
                        render_count(own.not_signed, "checkpoint")));
    }
    if (broken > 0) {
        complain(fmt::format("{}: {} left out: broken", path, render_count(broken, "line")));
    }
}

/// Error: unknown where none of them is of this ledger, which is then not what was anchored.
Result<void> read_anchor_files(const Arguments& arguments,
                               const std::string& folder,
                               VerifyOptions& options) {
    const std::vector<std::string> paths = arguments.values("--anchor");
    if (paths.empty()) {
        return {};
    }
    // Whatever fails here is damage that is found again, and told.
    auto opened = app::EvidenceFolder::open(evidence::posix_disk(), folder);
    const auto log =
        opened ? app::log_key_of(evidence::posix_disk(), *opened) : std::unexpected(opened.error());
    for (const std::string& path : paths) {
        const std::string text = TRY(app::read_file(path));
        auto anchors = app::parse_anchors(text);
        if (!anchors) {
            return fail(ErrorCode::malformed, fmt::format("{}: {}", path, anchors.error().message));
        }
        app::OwnAnchors own;
        if (log) {
            own = app::choose_own(std::move(anchors->checkpoints), *log);
        } else {
            own.checkpoints = std::move(anchors->checkpoints);
        }
        tell_left_out(path, own, anchors->broken);
        options.anchors.insert(
            options.anchors.end(), own.checkpoints.begin(), own.checkpoints.end());
    }
    if (options.anchors.empty()) {
        return fail(ErrorCode::unknown,
                    fmt::format("no checkpoint that was given is of this ledger, {}: it is not "
                                "the one that was anchored, or these are not its anchors",
                                log->name));
    }
    return {};
}

Result<VerifyOptions> read_options(const Arguments& arguments, const std::string& folder) {
    VerifyOptions options;
    if (const auto text = arguments.value("--vkey")) {
        options.first_epoch_key = TRY(read_vkey("--vkey", *text));
    }
    for (const std::string& text : arguments.values("--witness")) {
        options.witnesses.push_back(TRY(read_vkey("--witness", text)));
    }
    TRY(read_anchor_files(arguments, folder, options));
    return options;
}

void tell_damages(const VerifyReport& report) {
    for (const evidence::Damage& damage : report.damages) {
        mailvigil::print(stdout,
                         "damage       {}: {}\n",
                         escape_for_terminal(damage.where),
                         escape_for_terminal(damage.what));
    }
    if (report.damage_count > report.damages.size()) {
        note("", fmt::format("and {} more", report.damage_count - report.damages.size()));
    }
    note("verdict",
         report.good() ? "good: everything that is sealed is as it was sealed"
                       : fmt::format("damaged: {}", render_count(report.damage_count, "damage")));
}

void tell_prunes(const VerifyReport& report) {
    for (const evidence::Prune& prune : report.prunes) {
        note(&prune == &report.prunes.front() ? "pruned" : "",
             fmt::format("records before {} on {} (record {}): {}",
                         prune.first,
                         output::render_day_and_clock(prune.time),
                         prune.leaf,
                         prune.reason.empty() ? "no reason was given" : prune.reason));
    }
    if (report.prune_unfinished) {
        note("", "some of them are still there: the removal was cut short");
    }
}

/// What of it is known from outside the host, and what is not.
void tell_seen(const VerifyReport& report, const VerifyOptions& options) {
    if (!options.anchors.empty()) {
        note("anchored",
             fmt::format("{} given, agreeing up to size {}",
                         render_count(options.anchors.size(), "checkpoint"),
                         report.anchored));
    }
    for (const evidence::Cosigned& witness : report.cosigned) {
        note(&witness == &report.cosigned.front() ? "cosigned" : "",
             witness.size == 0 ? fmt::format("never by {}", witness.witness)
                               : fmt::format("up to size {} by {}", witness.size, witness.witness));
    }
    const std::uint64_t seen = report.seen_elsewhere();
    if ((!options.anchors.empty() || !options.witnesses.empty()) && seen < report.sealed) {
        note("unanchored",
             fmt::format("records {} to {}: nobody outside the host has seen a checkpoint of them",
                         std::max(seen, report.first),
                         report.sealed - 1));
    }
    if (!options.first_epoch_key && options.anchors.empty() && options.witnesses.empty()) {
        note("weakened by",
             "no key, checkpoint or witness from elsewhere was given: the folder agrees with "
             "itself, no more");
        if (report.first_epoch_key) {
            note("", fmt::format("its first epoch key: {}", render(*report.first_epoch_key)));
        }
    }
}

void tell(const VerifyReport& report, const VerifyOptions& options) {
    tell_damages(report);
    note("origin", report.origin);
    note("records",
         fmt::format("{} from {} on; sealed below {}, {} not sealed yet",
                     report.leaves,
                     report.first,
                     report.sealed,
                     report.unsealed));
    if (report.unfinished_bytes > 0) {
        note("",
             fmt::format("{} behind the last: being written, or cut off when its writer was killed",
                         render_count(report.unfinished_bytes, "byte")));
    }
    if (report.in_use) {
        note("", "a writer goes on; what it sealed meanwhile is not among it");
    }
    note("checkpoints",
         fmt::format("{}, {}", report.checkpoints, render_count(report.epochs, "epoch key")));
    tell_prunes(report);
    tell_seen(report, options);
}

constexpr output::Column kColumns[] = {
    {.name = "name"}, {.name = "value"}, {.name = "where"}, {.name = "time"}};

/// The same for programs: a row a fact.
void list(const VerifyReport& report, output::TableForm form) {
    output::Table table = standard_table(form, kColumns);
    const auto number = [&](std::string_view name, std::uint64_t value) {
        table.add({cell(name), cell(std::optional(value)), {}, {}});
    };
    table.add({cell("verdict"), cell(report.good() ? "good" : "damaged"), {}, {}});
    for (const evidence::Damage& damage : report.damages) {
        table.add({cell("damage"), cell(damage.what), cell(damage.where), {}});
    }
    number("damages", report.damage_count);
    table.add({cell("origin"), cell(report.origin), {}, {}});
    number("first", report.first);
    number("records", report.leaves);
    number("sealed", report.sealed);
    number("unsealed", report.unsealed);
    number("unfinished_bytes", report.unfinished_bytes);
    number("checkpoints", report.checkpoints);
    number("epochs", report.epochs);
    for (const evidence::Prune& prune : report.prunes) {
        table.add({cell(fmt::format("pruned before {}", prune.first)),
                   cell(prune.reason),
                   cell(fmt::format("record {}", prune.leaf)),
                   cell(prune.time)});
    }
    number("anchored", report.anchored);
    for (const evidence::Cosigned& witness : report.cosigned) {
        number(fmt::format("witness {}", witness.witness), witness.size);
    }
    number("unanchored_from", std::max(report.seen_elsewhere(), report.first));
    if (report.first_epoch_key) {
        table.add({cell("first_epoch_vkey"), cell(render(*report.first_epoch_key)), {}, {}});
    }
    table.finish();
}

/// What was given on the command line but the folder.
Result<VerifyOptions> read_all_options(const Arguments& arguments, const std::string& path) {
    VerifyOptions options = TRY(read_options(arguments, path));
    options.patience = kPatience;
    options.threads = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
    return options;
}

Exit verify_folder(const Arguments& arguments) {
    const auto question = read_question(arguments);
    if (!question) {
        return Exit::usage;
    }
    const std::string path = arguments.value("DIR").value_or(question->folder);
    auto options = read_all_options(arguments, path);
    if (!options) {
        complain(options.error().message);
        return options.error().code == ErrorCode::unknown ? Exit::failure : Exit::usage;
    }
    if (const auto text = arguments.value("--threads")) {
        const auto threads = read_number("--threads", *text);
        if (!threads) {
            return Exit::usage;
        }
        options->threads =
            static_cast<unsigned>(std::clamp(*threads, std::uint64_t{1}, kThreadsMax));
    }
    std::uint64_t total = 0;
    if (const auto ledger = evidence::LedgerReader::open(evidence::posix_disk(), path)) {
        total = (*ledger)->size().value_or((*ledger)->first()) - (*ledger)->first();
    }
    Result<VerifyReport> report;
    {
        Progress progress("records", total);
        options->progress = [&](std::uint64_t leaves) { progress.show(leaves); };
        report = evidence::verify(evidence::posix_disk(), path, *options);
    }
    if (!report) {
        return complain_of(report.error());
    }
    question->for_people() ? tell(*report, *options) : list(*report, question->form);
    return report->good() ? Exit::nothing_found : Exit::findings;
}

Exit verify_proof(const Arguments& arguments, const std::string& path) {
    const auto vkey = arguments.value("--vkey");
    if (!vkey) {
        complain(
            "--proof wants --vkey, the first epoch key of the ledger (mailvigil evidence status)");
        return Exit::usage;
    }
    const auto key = read_vkey("--vkey", *vkey);
    if (!key) {
        complain(key.error().message);
        return Exit::usage;
    }
    const auto text = app::read_file(path);
    const auto proof = text ? evidence::parse_proof(*text) : std::unexpected(text.error());
    if (!proof) {
        return complain_of(proof.error());
    }
    const auto chain = evidence::read_key_chain(evidence::posix_disk(), keys_beside(path));
    if (!chain && chain.error().code != ErrorCode::malformed) {
        complain("the chain of keys goes with a proof: mailvigil evidence prove -o writes both");
        return complain_of(chain.error());
    }
    const auto checked =
        chain ? evidence::verify_proof(*proof, *chain, *key) : std::unexpected(chain.error());
    if (!checked) {
        mailvigil::print(stdout,
                         "damage       {}: {}\n",
                         escape_for_terminal(path),
                         escape_for_terminal(checked.error().message));
        return Exit::findings;
    }
    note("verdict",
         fmt::format("good: record {} is in the ledger {} under its checkpoint of size {}",
                     proof->index,
                     proof->checkpoint.origin,
                     proof->checkpoint.head.size));
    mailvigil::print(stdout, "{}\n", escape_for_terminal(proof->extra));
    return Exit::nothing_found;
}

Exit run(const Arguments& arguments) {
    const auto proof = arguments.value("--proof");
    return proof ? verify_proof(arguments, *proof) : verify_folder(arguments);
}

constexpr Option kOptions[] = {
    {"DIR", OptionKind::positional, "", "the ledger; default as --evidence"},
    {"--vkey", OptionKind::value, "VKEY", "the ledger's first epoch key, kept elsewhere"},
    {"--anchor",
     OptionKind::values,
     "FILE",
     "checkpoints that were seen elsewhere: signed notes, or a syslog; may be given often"},
    {"--witness", OptionKind::values, "VKEY", "a witness's key; may be given often"},
    {"--proof",
     OptionKind::value,
     "FILE",
     "verify one record's proof, with the chain of keys in FILE.keys, instead of a ledger"},
    {"--threads", OptionKind::value, "N", "threads; default as many as there are processors"},
    kOutputOption,
    kEvidenceOption,
};

}  // namespace

extern const Command evidence_verify{
    .name = "evidence_verify",
    .summary = "whether a ledger is what was sealed; status 1 and each damage where not",
    .example = "mailvigil evidence verify --anchor /srv/syslog/mx1.log",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

// mailvigil evidence snapshot: seals what the mail configuration of this host holds now, so that
// there is a "before" to compare with.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstdio>

#include "app/configuration.h"
#include "app/configuration_files.h"
#include "app/content_reader.h"
#include "app/evidence_folder.h"
#include "app/knowledge.h"
#include "app/recorder.h"
#include "base/escape.h"
#include "base/print.h"
#include "cli/command/roster.h"
#include "cli/question.h"

namespace mailvigil::cli::command {

namespace {

constexpr std::size_t kShownHashBytes = 12;

struct Counts {
    std::size_t files = 0;
    std::size_t changed = 0;
    std::size_t left_out = 0;
    std::string lines;  ///< what is shown once it is sealed
};

std::string host_name(const detect::Settings& settings) {
    utsname names{};
    if (!settings.host_name.empty() || ::uname(&names) != 0) {
        return settings.host_name.empty() ? "localhost" : settings.host_name;
    }
    return names.nodename;
}

/// Records each file and notes what is not as it was; false: the ledger can't be asked.
bool record_files(const detect::Knowledge& knowledge, app::Recorder& recorder, Counts& counts) {
    for (const std::string& path : app::configuration_files(knowledge.configuration)) {
        const auto content = app::read_content(path, knowledge.stores);
        if (!content) {
            complain(fmt::format("left out: {}", content.error().message));
            ++counts.left_out;
            continue;
        }
        const auto state = app::record_content(*content, recorder);
        if (!state) {
            complain(state.error().message);
            return false;
        }
        ++counts.files;
        if (*state != app::ContentState::same) {
            ++counts.changed;
            counts.lines +=
                fmt::format("{:<8} {}  {}\n",
                            *state == app::ContentState::first ? "new" : "changed",
                            std::string_view(content->sha256).substr(0, kShownHashBytes),
                            escape_for_terminal(path));
        }
    }
    return true;
}

Exit run(const Arguments& arguments) {
    Diagnostics diagnostics;
    const auto configuration = app::load_configuration(arguments.value("--config"), diagnostics);
    if (!configuration) {
        complain(configuration.error().message);
        return Exit::failure;
    }
    const detect::Knowledge knowledge = app::load_knowledge(*configuration, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        mailvigil::print(stderr, "mailvigil: {}\n", render(diagnostic));
    }
    if (diagnostics.errors() > 0) {
        complain("the configuration has errors; mend them first (mailvigil config check)");
        return Exit::failure;
    }
    const std::string folder = evidence_folder(arguments);
    auto recorder = app::Recorder::open(
        evidence::posix_disk(),
        {.folder = folder, .host = host_name(knowledge.settings), .say = complain});
    if (!recorder) {
        complain(recorder.error().message);
        return Exit::failure;
    }
    Counts counts;
    const bool told = record_files(knowledge, **recorder, counts);
    const Result<void> closed = (*recorder)->close();
    if (!closed) {
        complain(closed.error().message);
    }
    if (!told || !closed || (*recorder)->lost() > 0) {
        return Exit::failure;
    }
    mailvigil::print(stdout, "{}", counts.lines);
    complain(fmt::format("{} {}, {} new or changed, {} left out; sealed in {}",
                         counts.files,
                         counts.files == 1 ? "file" : "files",
                         counts.changed,
                         counts.left_out,
                         folder));
    return counts.changed > 0 ? Exit::findings : Exit::nothing_found;
}

constexpr Option kOptions[] = {
    kEvidenceOption,
    {"--config", OptionKind::value, "FILE", "configuration; default /etc/mailvigil/mailvigil.yml"},
};

}  // namespace

extern const Command evidence_snapshot{
    .name = "evidence_snapshot",
    .summary = "seal what the mail configuration of this host holds now, and tell what changed",
    .example = "mailvigil evidence snapshot --evidence /var/lib/mailvigil/evidence",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

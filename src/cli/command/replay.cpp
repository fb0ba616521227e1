// mailvigil replay: both questions answered from recorded logs.
#include "app/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>

#include "app/configuration.h"
#include "app/content_reader.h"
#include "app/knowledge.h"
#include "app/recorder.h"
#include "app/source_files.h"
#include "base/print.h"
#include "base/suggest.h"
#include "cli/command/roster.h"
#include "cli/printer.h"
#include "cli/progress_bar.h"
#include "cli/question.h"
#include "detect/settings_in_force.h"
#include "event/vocabulary.h"
#include "output/format/roster.h"

namespace mailvigil::cli::command {

namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

extern "C" void request_stop(int /*signal*/) {
    stop_requested = true;
}

void show_diagnostics(Diagnostics& diagnostics, std::uint64_t& shown) {
    constexpr std::uint64_t kShownMax = 50;
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        // An error is always worth its line.
        if (shown++ < kShownMax || diagnostic.severity == Severity::error) {
            mailvigil::print(stderr, "mailvigil: {}\n", render(diagnostic));
        }
    }
    diagnostics.clear_kept();
}

/// The named format; null after a complaint.
const output::Format* read_format(std::string_view name) {
    const output::Format* format = output::find_format(name);
    if (format == nullptr) {
        std::vector<std::string_view> names;
        for (const output::Format* known : output::format::roster()) {
            names.push_back(known->name);
        }
        complain(fmt::format("--output: unknown format \"{}\"{}", name, did_you_mean(name, names)));
    }
    return format;
}

/// The options that need more than taking over; false after a complaint.
bool read_options(const Arguments& arguments, app::ReplayOptions& options) {
    options.files = arguments.values("FILE");
    options.belt.explain = arguments.has("--explain");
    options.waiting = arguments.has("--follow") ? app::Waiting::follow : app::Waiting::stop_at_end;
    for (const auto& [name, to] :
         {std::pair("--since", &options.belt.since), std::pair("--until", &options.belt.until)}) {
        const auto text = arguments.value(name);
        if (!text) {
            continue;
        }
        *to = read_time(name, *text, wall_clock());
        if (!*to) {
            return false;
        }
    }
    if (options.belt.since && options.belt.until && *options.belt.since >= *options.belt.until) {
        complain("--since is not before --until; nothing lies between them");
        return false;
    }
    if (const auto text = arguments.value("--level")) {
        const auto level = parse_level(*text);
        if (!level) {
            complain(fmt::format(
                "--level: \"{}\" is none of informational, low, medium, high, critical", *text));
            return false;
        }
        options.belt.level = *level;
    }
    for (const std::string_view name : {"--again", "--read-files"}) {
        if (arguments.has(name) && !arguments.has("--evidence")) {
            complain(fmt::format("{} goes with --evidence", name));
            return false;
        }
    }
    if (options.files.empty()) {
        if (::isatty(STDIN_FILENO) != 0) {
            complain("name the log files to read, or give a log on standard input");
            return false;
        }
        options.files.emplace_back("-");
    }
    return true;
}

void show_summary(const app::ReplaySummary& summary,
                  const Diagnostics& diagnostics,
                  std::uint64_t shown,
                  app::Waiting waiting) {
    if (diagnostics.count() > shown) {
        mailvigil::print(
            stderr, "mailvigil: and {} more messages like these\n", diagnostics.count() - shown);
    }
    mailvigil::print(stderr,
                     "mailvigil: {} {}, {} {}, {} {}: {} {} of the asked level\n",
                     summary.lines,
                     summary.lines == 1 ? "line" : "lines",
                     summary.belt.events,
                     summary.belt.events == 1 ? "event" : "events",
                     summary.belt.hosts,
                     summary.belt.hosts == 1 ? "host" : "hosts",
                     summary.belt.incidents,
                     summary.belt.incidents == 1 ? "incident" : "incidents");
    if (summary.malformed + summary.incomplete + summary.belt.processes_evicted +
            summary.belt.hosts_refused >
        0) {
        mailvigil::print(
            stderr,
            "mailvigil: not everything was understood: {} unreadable records, {} incomplete "
            "events, {} processes "
            "forgotten for want of room, {} events of hosts beyond the {}th\n",
            summary.malformed,
            summary.incomplete,
            summary.belt.processes_evicted,
            summary.belt.hosts_refused,
            app::kHostsMax);
    }
    if (summary.stopped && waiting == app::Waiting::stop_at_end) {
        mailvigil::print(
            stderr, "mailvigil: stopped before the end; what is above is complete up to there\n");
    }
}

/// How long findings of an old log are held back to be sealed in one go.
constexpr Duration kShowEvery = std::chrono::seconds(1);

/// What --evidence asks for; null: nothing. The recorder is told what is about to be read.
Result<std::unique_ptr<app::Recorder>> open_recorder(const Arguments& arguments,
                                                     const detect::Knowledge& knowledge,
                                                     app::ReplayOptions& options,
                                                     std::function<void(std::string_view)> say) {
    const auto folder = arguments.value("--evidence");
    if (!folder) {
        return nullptr;
    }
    app::RecorderOptions with{.folder = *folder, .host = options.belt.host, .say = std::move(say)};
    // Nobody waits for what an old log tells of.
    if (options.waiting == app::Waiting::stop_at_end) {
        with.commit_within = kShowEvery;
    }
    auto recorder = TRY(app::Recorder::open(evidence::posix_disk(), std::move(with)));
    options.belt.first_incident = TRY(recorder->next_incident());
    options.belt.ledger = *folder;
    for (const std::string& warning : TRY(app::begin_sources(
             options.files,
             arguments.has("--again") ? app::Repetition::allow : app::Repetition::refuse,
             *recorder))) {
        complain(warning);
    }
    recorder->record_settings(detect::settings_in_force(knowledge, detect::rule_settings::kAll));
    return recorder;
}

/// Seals the end and says so; false: something is not on disk.
bool close_recorder(app::Recorder& recorder, const std::string& folder) {
    const Result<void> closed = recorder.close();
    if (!closed) {
        complain(closed.error().message);
    }
    if (recorder.lost() > 0) {
        complain(fmt::format("{} records found no room in {}", recorder.lost(), folder));
    }
    if (!closed || recorder.lost() > 0) {
        return false;
    }
    complain(fmt::format("evidence: {} {} sealed in {}; next: {}",
                         recorder.records(),
                         recorder.records() == 1 ? "record" : "records",
                         folder,
                         app::asked_of(folder, "mailvigil incident list")));
    return true;
}

void catch_signals() {
    struct sigaction action{};
    action.sa_handler = request_stop;
    // A second one ends the program at once, should it wait for a pipe that says nothing.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

/// Reads the logs, shows what is asked for and records what there is.
Exit tell(const Arguments& arguments,
          const output::Format& format,
          const detect::Knowledge& knowledge,
          app::ReplayOptions& options,
          Diagnostics& diagnostics,
          std::uint64_t shown) {
    ProgressBar bar;
    auto opened = open_recorder(arguments, knowledge, options, [&](std::string_view message) {
        bar.clear();
        complain(message);
    });
    if (!opened) {
        complain(opened.error().message);
        return Exit::failure;
    }
    app::Recorder* recorder = opened->get();
    const bool live = options.waiting == app::Waiting::follow;
    Printer printer(format, [&] {
        bar.clear();
        // Nothing is shown that was not sealed first.
        if (recorder != nullptr) {
            recorder->commit();
        }
    });
    auto shown_at = std::chrono::steady_clock::now();
    app::ReplayHooks hooks;
    hooks.belt.finding = [&](const Event& finding) {
        printer.print(finding);
        stop_requested = stop_requested || printer.error() != 0;
    };
    hooks.tend = [&] {
        if (recorder != nullptr) {
            recorder->tend();
        }
        const auto now = std::chrono::steady_clock::now();
        if (live || recorder == nullptr || now - shown_at >= kShowEvery) {
            shown_at = now;
            printer.flush();
        }
    };
    const bool read_files = arguments.has("--read-files");
    if (recorder != nullptr) {
        hooks.source = [&](const app::SourceRead& read) { app::finish_source(read, *recorder); };
        hooks.belt.record = [&](const Event& event) {
            recorder->record(event);
            if (read_files) {
                app::record_named_contents(event, knowledge.stores, *recorder);
            }
        };
    }
    hooks.progress = [&](const app::ReplayProgress& progress) { bar.show(progress); };
    hooks.diagnostics = [&](Diagnostics& found) {
        bar.clear();
        show_diagnostics(found, shown);
    };
    hooks.stop = &stop_requested;
    const app::ReplaySummary summary = app::replay(options, knowledge, hooks, diagnostics);
    bar.clear();
    printer.flush();
    const bool sealed =
        recorder == nullptr || close_recorder(*recorder, *arguments.value("--evidence"));
    if (printer.error() != 0) {
        std::clearerr(stdout);
        // A reader that has enough (`| head`) has seen findings and wants no more words.
        if (printer.error() == EPIPE && sealed) {
            return Exit::findings;
        }
        complain(
            fmt::format("cannot write to standard output: {}", std::strerror(printer.error())));
        return Exit::failure;
    }
    show_summary(summary, diagnostics, shown, options.waiting);
    if (summary.failed || !sealed) {
        return Exit::failure;
    }
    return summary.belt.incidents > 0 ? Exit::findings : Exit::nothing_found;
}

Exit run(const Arguments& arguments) {
    app::ReplayOptions options;
    const output::Format* format = read_format(arguments.value("--output").value_or("text"));
    if (format == nullptr || !read_options(arguments, options)) {
        return Exit::usage;
    }
    Diagnostics diagnostics;
    const auto configuration = app::load_configuration(arguments.value("--config"), diagnostics);
    if (!configuration) {
        complain(configuration.error().message);
        return Exit::failure;
    }
    const detect::Knowledge knowledge = app::load_knowledge(*configuration, diagnostics);
    std::uint64_t shown = 0;
    show_diagnostics(diagnostics, shown);
    if (diagnostics.errors() > 0) {
        complain("the configuration has errors; mend them first (mailvigil config check)");
        return Exit::failure;
    }
    const std::string& named_host = knowledge.settings.host_name;
    options.belt.host =
        arguments.value("--host").value_or(named_host.empty() ? "unnamed-host" : named_host);
    const bool live = options.waiting == app::Waiting::follow;
    options.belt.telling =
        format->for_people && !live ? app::Telling::when_closed : app::Telling::every_update;
    catch_signals();
    return tell(arguments, *format, knowledge, options, diagnostics, shown);
}

constexpr Option kOptions[] = {
    {"FILE",
     OptionKind::positionals,
     "",
     "audit logs in any order, also .gz and .zst; - or none: standard input"},
    {"--output", OptionKind::value, "FORMAT", "text (default) or ndjson"},
    {"--level",
     OptionKind::value,
     "LEVEL",
     "least level to show: informational, low (default), medium, high, critical"},
    {"--since",
     OptionKind::value,
     "TIME",
     "leave out what ended before; 2026-11-23, 2026-11-23T02:14 (UTC) or with +01:00"},
    {"--until", OptionKind::value, "TIME", "leave out what began at or after"},
    {"--explain",
     OptionKind::flag,
     "",
     "also every access to a mailbox, and what raised nothing, with the reason"},
    {"--follow", OptionKind::flag, "", "the latest file still grows: go on until Ctrl-C"},
    {"--host", OptionKind::value, "NAME", "name of the host, for logs that carry none"},
    {"--evidence", OptionKind::value, "DIR", "seal all of it in the ledger of this folder"},
    {"--again", OptionKind::flag, "", "with --evidence: also logs that are in the ledger already"},
    {"--read-files",
     OptionKind::flag,
     "",
     "with --evidence: seal what the named scripts and configuration hold on this host"},
    {"--config", OptionKind::value, "FILE", "configuration; default /etc/mailvigil/mailvigil.yml"},
};

}  // namespace

extern const Command replay{
    .name = "replay",
    .summary = "tell from recorded audit logs who read whose mail and who bent its path",
    .example = "mailvigil replay --since 2026-11-22 /var/log/audit/audit.log*",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command

// mailvigil replay: both questions answered from recorded logs.
#include "app/replay.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "app/configuration.h"
#include "app/knowledge.h"
#include "base/escape.h"
#include "base/print.h"
#include "base/suggest.h"
#include "cli/command/roster.h"
#include "event/vocabulary.h"
#include "output/format/roster.h"

namespace mailvigil::cli::command {

namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

extern "C" void request_stop(int /*signal*/) {
    stop_requested = true;
}

/// Findings to standard output; a reader that went away (`| head`) ends the run.
class Printer {
  public:
    explicit Printer(const output::Format& format) : format_(format) {
        const bool terminal = ::isatty(STDOUT_FILENO) != 0;
        const bool plain = std::getenv("NO_COLOR") != nullptr;
        medium_.colour = terminal && !plain ? output::Colour::always : output::Colour::never;
        winsize size{};
        if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
            medium_.width = size.ws_col;
        }
    }

    void print(const Event& finding) {
        if (error_ != 0) {
            return;
        }
        line_.clear();
        format_.render(finding, medium_, line_);
        if (std::fwrite(line_.data(), 1, line_.size(), stdout) != line_.size()) {
            fail();
        }
    }

    void flush() {
        if (error_ == 0 && std::fflush(stdout) != 0) {
            fail();
        }
    }

    /// Why output failed, errno(3); 0: it did not.
    [[nodiscard]] int error() const { return error_; }

  private:
    void fail() {
        error_ = errno == 0 ? EIO : errno;
        stop_requested = true;
    }

    const output::Format& format_;
    output::Medium medium_;
    std::string line_;
    int error_ = 0;
};

/// How far it is, on standard error, when a person waits there.
class ProgressBar {
  public:
    ProgressBar()
        : enabled_(::isatty(STDERR_FILENO) != 0),
          started_(std::chrono::steady_clock::now()),
          shown_(started_) {}

    void show(const app::ReplayProgress& progress) {
        using namespace std::chrono_literals;
        const auto now = std::chrono::steady_clock::now();
        if (!enabled_ || now - shown_ < 200ms || now - started_ < 500ms) {
            return;
        }
        shown_ = now;
        const double seconds = std::chrono::duration<double>(now - started_).count();
        const double rate = static_cast<double>(progress.bytes_read) / seconds;
        if (progress.bytes_total == 0 || progress.bytes_read > progress.bytes_total) {
            mailvigil::print(stderr,
                             "\r\x1b[K{:.0f} MB read, {:.0f} MB/s",
                             static_cast<double>(progress.bytes_read) / 1e6,
                             rate / 1e6);
        } else {
            const double done = static_cast<double>(progress.bytes_read) /
                                static_cast<double>(progress.bytes_total);
            constexpr std::size_t kCells = 30;
            const auto filled = static_cast<std::size_t>(done * kCells);
            mailvigil::print(stderr,
                             "\r\x1b[K[{}{}] {:3.0f} %  {:.0f} MB/s  {:.0f} s left",
                             std::string(filled, '='),
                             std::string(kCells - filled, ' '),
                             done * 100,
                             rate / 1e6,
                             seconds / std::max(done, 0.001) * (1 - done));
        }
        drawn_ = true;
    }

    void clear() {
        if (drawn_) {
            mailvigil::print(stderr, "\r\x1b[K");
            drawn_ = false;
        }
    }

  private:
    bool enabled_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point shown_;
};

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
const output::Format* find_format(std::string_view name) {
    std::vector<std::string_view> names;
    for (const output::Format* format : output::format::roster()) {
        if (format->name == name) {
            return format;
        }
        names.push_back(format->name);
    }
    complain(fmt::format("--output: unknown format \"{}\"{}", name, did_you_mean(name, names)));
    return nullptr;
}

/// The options that need more than taking over; false after a complaint.
bool read_options(const Arguments& arguments, app::ReplayOptions& options) {
    options.files = arguments.values("FILE");
    options.explain = arguments.has("--explain");
    options.waiting = arguments.has("--follow") ? app::Waiting::follow : app::Waiting::stop_at_end;
    for (const auto& [name, to] :
         {std::pair("--since", &options.since), std::pair("--until", &options.until)}) {
        const auto text = arguments.value(name);
        if (!text) {
            continue;
        }
        *to = parse_timestamp(*text);
        if (!*to) {
            complain(fmt::format(
                "{}: \"{}\" is no time such as 2026-11-23T02:00:00Z or 2026-11-23", name, *text));
            return false;
        }
    }
    if (options.since && options.until && *options.since >= *options.until) {
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
        options.level = *level;
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
                     summary.events,
                     summary.events == 1 ? "event" : "events",
                     summary.hosts,
                     summary.hosts == 1 ? "host" : "hosts",
                     summary.incidents,
                     summary.incidents == 1 ? "incident" : "incidents");
    if (summary.malformed + summary.incomplete + summary.processes_evicted + summary.hosts_refused >
        0) {
        mailvigil::print(
            stderr,
            "mailvigil: not everything was understood: {} unreadable records, {} incomplete "
            "events, {} processes "
            "forgotten for want of room, {} events of hosts beyond the {}th\n",
            summary.malformed,
            summary.incomplete,
            summary.processes_evicted,
            summary.hosts_refused,
            app::kHostsMax);
    }
    if (summary.stopped && waiting == app::Waiting::stop_at_end) {
        mailvigil::print(
            stderr, "mailvigil: stopped before the end; what is above is complete up to there\n");
    }
}

Exit run(const Arguments& arguments) {
    app::ReplayOptions options;
    const output::Format* format = find_format(arguments.value("--output").value_or("text"));
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
    options.host =
        arguments.value("--host").value_or(named_host.empty() ? "unnamed-host" : named_host);
    const bool live = options.waiting == app::Waiting::follow;
    options.telling =
        format->for_people && !live ? app::Telling::when_closed : app::Telling::every_update;

    struct sigaction action{};
    action.sa_handler = request_stop;
    // A second one ends the program at once, should it wait for a pipe that says nothing.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    Printer printer(*format);
    ProgressBar bar;
    app::ReplayHooks hooks;
    hooks.finding = [&](const Event& finding) {
        bar.clear();
        printer.print(finding);
        if (live) {
            printer.flush();
        }
    };
    hooks.progress = [&](const app::ReplayProgress& progress) { bar.show(progress); };
    hooks.diagnostics = [&](Diagnostics& found) {
        bar.clear();
        show_diagnostics(found, shown);
    };
    hooks.stop = &stop_requested;
    const app::ReplaySummary summary = app::replay(options, knowledge, hooks, diagnostics);
    bar.clear();
    printer.flush();
    if (printer.error() != 0) {
        std::clearerr(stdout);
        // A reader that has enough (`| head`) has seen findings and wants no more words.
        if (printer.error() == EPIPE) {
            return Exit::findings;
        }
        complain(
            fmt::format("cannot write to standard output: {}", std::strerror(printer.error())));
        return Exit::failure;
    }
    show_summary(summary, diagnostics, shown, options.waiting);
    if (summary.failed) {
        return Exit::failure;
    }
    return summary.incidents > 0 ? Exit::findings : Exit::nothing_found;
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
    {"--explain", OptionKind::flag, "", "also every access to a mailbox, and what raised nothing, with the reason"},
    {"--follow", OptionKind::flag, "", "the latest file still grows: go on until Ctrl-C"},
    {"--host", OptionKind::value, "NAME", "name of the host, for logs that carry none"},
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

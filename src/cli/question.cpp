#include "cli/question.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "app/question.h"
#include "base/escape.h"
#include "base/print.h"
#include "base/suggest.h"
#include "base/when.h"
#include "output/columns.h"
#include "output/moment.h"

namespace mailvigil::cli {

namespace {

using output::render_count;

constexpr std::size_t kLabelColumns = 13;  ///< as in a story
constexpr std::size_t kPipedTableColumns = 120;

std::int64_t steady_now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace

Timestamp wall_clock() {
    return std::chrono::system_clock::now();
}

std::string evidence_folder(const Arguments& arguments) {
    return arguments.value("--evidence").value_or(std::string(app::kDefaultEvidence));
}

Exit complain_of(const Error& error) {
    complain(error.message);
    return Exit::failure;
}

std::optional<Timestamp> read_time(std::string_view option, std::string_view text, Timestamp now) {
    const auto time = parse_when(text, now);
    if (!time) {
        complain(fmt::format("{}: {}", option, explain_when(text)));
    }
    return time;
}

std::optional<std::uint64_t> read_number(std::string_view name, std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        complain(fmt::format("{}: \"{}\" is no whole number", name, text));
        return {};
    }
    return number;
}

std::optional<Question> read_question(const Arguments& arguments) {
    Question question;
    question.folder = evidence_folder(arguments);
    question.now = wall_clock();
    for (const auto& [name, to] :
         {std::pair("--since", &question.span.since), std::pair("--until", &question.span.until)}) {
        if (const auto text = arguments.value(name)) {
            *to = read_time(name, *text, question.now);
            if (!*to) {
                return {};
            }
        }
    }
    const auto& [since, until] = question.span;
    if (since && until && *since >= *until) {
        complain("--since is not before --until; nothing lies between them");
        return {};
    }
    if (const auto name = arguments.value("--output")) {
        const auto form = output::parse_table_form(*name);
        if (!form) {
            complain(fmt::format("--output: unknown form \"{}\"{} (there are {})",
                                 *name,
                                 did_you_mean(*name, output::kTableForms),
                                 fmt::join(output::kTableForms, ", ")));
            return {};
        }
        question.form = *form;
    }
    return question;
}

output::Medium standard_medium() {
    output::Medium medium;
    const bool terminal = ::isatty(STDOUT_FILENO) != 0;
    const bool wants_none = std::getenv("NO_COLOR") != nullptr;
    medium.colour = terminal && !wants_none ? output::Colour::always : output::Colour::never;
    medium.terminal = terminal;
    winsize size{};
    if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        medium.width = size.ws_col;
    } else if (const char* columns = std::getenv("COLUMNS"); !terminal && columns != nullptr) {
        // What a pager or a script behind a pipe has room for.
        std::size_t width = 0;
        const std::string_view text = columns;
        const auto [end, error] = std::from_chars(text.begin(), text.end(), width);
        if (error == std::errc{} && end == text.end() && width > 0) {
            medium.width = width;
        }
    }
    return medium;
}

output::Table standard_table(output::TableForm form, std::span<const output::Column> columns) {
    output::Medium medium = standard_medium();
    // A pipe has no edge: there a row is better found in one line.
    if (!medium.terminal && std::getenv("COLUMNS") == nullptr) {
        medium.width = std::max(medium.width, kPipedTableColumns);
    }
    return {form, columns, medium, [](std::string_view text) {
                std::fwrite(text.data(), 1, text.size(), stdout);
            }};
}

void end_of_rows() {
    mailvigil::print(stdout, "\n");
}

void note(std::string_view label, std::string_view text) {
    const std::string escaped = escape_for_terminal(text);
    const std::size_t width = standard_medium().width;
    const std::size_t room = width > 2 * kLabelColumns ? width - kLabelColumns : escaped.size() + 1;
    for (std::string_view rest = escaped; !rest.empty(); label = {}) {
        // A command or a key to copy is never broken.
        const bool copied = label == "next" || !rest.contains(' ');
        const bool whole = copied || room > rest.size();
        const std::string_view line = whole ? rest : output::take_line(rest, room);
        mailvigil::print(stdout, "{:<{}}{}\n", label, kLabelColumns, line);
        if (whole) {
            break;
        }
    }
}

std::string describe(const app::SealedState& state, std::uint64_t last_leaf) {
    const std::string when =
        state.time ? fmt::format(" at {}", output::render_day_and_clock(*state.time)) : "";
    if (state.sealed == 0) {
        return "nothing yet: there is no checkpoint";
    }
    if (last_leaf < state.sealed) {
        return fmt::format(
            "all of it; the ledger is sealed up to record {}{}", state.sealed - 1, when);
    }
    return fmt::format(
        "up to record {}{}; what came after waits for the next checkpoint", state.sealed - 1, when);
}

bool tell_grounds(app::EvidenceFolder& folder,
                  const evidence::TimeSpan& span,
                  std::uint64_t last_leaf) {
    const auto gaps = app::gaps_within(folder, span);
    const auto state = gaps ? folder.sealed() : std::unexpected(gaps.error());
    if (!state) {
        complain(state.error().message);
        return false;
    }
    if (gaps->count == 0) {
        note("weakened by", "nothing: no gap of the telemetry touches this span");
    } else {
        const std::uint64_t more = gaps->count - gaps->told.size();
        note("weakened by",
             fmt::format("{} in this span: {}{}",
                         render_count(gaps->count, "gap"),
                         fmt::join(gaps->told, " · "),
                         more > 0 ? fmt::format(" · and {} more (mailvigil timeline)", more) : ""));
    }
    note("sealed", describe(*state, last_leaf));
    return true;
}

output::Cell cell(std::string_view text, output::Tone tone) {
    output::Cell made;
    if (!text.empty()) {
        made.value = std::string(text);
    }
    made.tone = tone;
    return made;
}

output::Cell cell(std::optional<std::uint64_t> number) {
    output::Cell made;
    if (number) {
        made.value = *number;
    }
    return made;
}

output::Cell cell(Timestamp time, std::string text) {
    return {.value = time, .text = std::move(text)};
}

output::Tone tone_of(std::string_view verdict_or_level) {
    for (const std::string_view word : {"collection", "critical", "high", "tampering"}) {
        if (verdict_or_level == word) {
            return output::Tone::alarming;
        }
    }
    return verdict_or_level == "unknown" || verdict_or_level == "medium" ? output::Tone::notable
                                                                         : output::Tone::plain;
}

std::string program_name(std::string_view executable, std::string_view script) {
    constexpr std::string_view kUsual[] = {
        "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/lib/", "/usr/libexec/"};
    std::string_view name = executable;
    for (const std::string_view folder : kUsual) {
        if (executable.starts_with(folder)) {
            // Below /usr/lib the package says more than the program: dovecot/imap.
            name = executable.substr(folder.size());
            break;
        }
    }
    return script.empty() ? std::string(name) : fmt::format("{} ({})", script, name);
}

std::string access_text(std::string_view access_class,
                        std::uint64_t count,
                        std::optional<std::uint64_t> bytes) {
    std::string text(access_class);
    if (count > 1) {
        text += fmt::format(" {}×", count);
    }
    if (bytes && *bytes > 0) {
        text += fmt::format(", {}", output::render_bytes(*bytes));
    }
    return text;
}

Progress::Progress(std::string_view unit, std::uint64_t total)
    : unit_(unit),
      total_(total),
      enabled_(::isatty(STDERR_FILENO) != 0),
      started_(steady_now()),
      shown_(started_) {}

Progress::~Progress() {
    if (drawn_) {
        mailvigil::print(stderr, "\r\x1b[K");
    }
}

void Progress::show(std::uint64_t done) {
    constexpr std::int64_t kEvery = 200'000'000;
    constexpr std::int64_t kFirst = 500'000'000;
    const std::int64_t now = steady_now();
    if (!enabled_ || now - shown_ < kEvery || now - started_ < kFirst) {
        return;
    }
    shown_ = now;
    drawn_ = true;
    const double rate = static_cast<double>(done) / (static_cast<double>(now - started_) / 1e9);
    std::string left;
    if (total_ > done && rate > 0) {
        left = fmt::format(" of {} ({:.0f} %), {:.0f} s left",
                           total_,
                           100 * static_cast<double>(done) / static_cast<double>(total_),
                           static_cast<double>(total_ - done) / rate);
    }
    mailvigil::print(stderr, "\r\x1b[K{} {}{}, {:.0f} {} a second", done, unit_, left, rate, unit_);
}

}  // namespace mailvigil::cli

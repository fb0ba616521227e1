// evidence_bench: the evidence ledger with its live index against SQLite with a live index, on the
// same accesses, in one run on one machine. Each part runs in a child of its own, so that its CPU
// time and peak memory are its own. The generation of the accesses is part of every rate.
//
// The peer is the leanest table that holds the same evidence and finds it by mailbox and time: both
// times, the mailbox and the canonical text, WAL, synchronous=NORMAL, 10,000 rows a transaction. It
// hashes and signs nothing, and does not say when a row is safe from a crash.
//
//     evidence_bench MAILVIGIL     MAILVIGIL is the program whose cold start is measured
//
// MAILVIGIL_BENCH_RECORDS           accesses to append (2000000)
// MAILVIGIL_BENCH_QUESTION_RECORDS  accesses in the ledger that is asked (five times as many), at
//                                   least 200000
// MAILVIGIL_BENCH_FOLDER            where the stores are made (/var/tmp)
//
// Exit status: 0 all goals reached, 1 not, 2 usage, 3 could not be measured.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "access_workload.h"
#include "base/time.h"
#include "event/canonical.h"
#include "evidence/index.h"
#include "evidence/layout.h"
#include "evidence/ledger.h"
#include "evidence/verify.h"

namespace mailvigil::bench {
namespace {

using Clock = std::chrono::steady_clock;
using evidence::Index;
using evidence::Ledger;
using evidence::LedgerReader;

constexpr int kQuestions = 400;
constexpr int kColdStarts = 50;
constexpr std::uint64_t kAskedMin = 200'000;    // so that every question has an answer
constexpr std::int64_t kMeanGap = 250'000'000;  // nanoseconds between the workload's accesses
constexpr std::uint64_t kSqliteBatch = 10'000;
constexpr std::uint64_t kTendEvery = 64;

/// What a part measured; the parent adds what the kernel says of the child.
struct Figures {
    double records = 0;
    double wall = 0;
    double cpu = 0;
    double peak_mib = 0;
    double store_bytes = 0;
    double index_bytes = 0;
    double sealed_bytes = 0;  ///< of compressed segments
    double sealed_records = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    double max_ms = 0;
    double rows = 0;
};

[[noreturn]] void stop(std::string_view what) {
    fmt::print(stderr, "evidence_bench: {}\n", what);
    std::_Exit(3);
}

template <class T>
T must(Result<T> result) {
    if (!result) {
        stop(result.error().message);
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

double seconds(Clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double cpu_of(const rusage& usage) {
    const auto time = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return time(usage.ru_utime) + time(usage.ru_stime);
}

void set_percentiles(std::vector<double>& ms, Figures& figures) {
    if (!ms.empty()) {
        std::ranges::sort(ms);
        figures.p50_ms = ms[ms.size() / 2];
        figures.p99_ms = ms[ms.size() * 99 / 100];
        figures.max_ms = ms.back();
    }
}

Figures in_child(const std::function<Figures()>& part) {
    int ends[2];
    if (::pipe(ends) != 0) {
        stop("pipe");
    }
    const pid_t child = ::fork();
    if (child == 0) {
        const auto start = Clock::now();
        Figures figures = part();
        figures.wall = seconds(Clock::now() - start);
        const bool told = ::write(ends[1], &figures, sizeof figures) == sizeof figures;
        std::_Exit(told ? 0 : 3);
    }
    ::close(ends[1]);
    Figures figures;
    const bool told = child > 0 && ::read(ends[0], &figures, sizeof figures) == sizeof figures;
    ::close(ends[0]);
    int status = 0;
    rusage usage{};
    if (!told || ::wait4(child, &status, 0, &usage) != child || status != 0) {
        stop("a part failed");
    }
    figures.cpu = cpu_of(usage);
    figures.peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
    return figures;
}

void measure_size(const std::string& folder, Figures& figures) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            const bool index = entry.path().filename().string().starts_with(Index::kFile);
            (index ? figures.index_bytes : figures.store_bytes) +=
                static_cast<double>(entry.file_size());
        }
    }
}

/// What the segments that are closed take: the open one is not compressed yet.
void measure_sealed(const std::string& folder, Figures& figures) {
    const evidence::Layout layout{folder};
    for (const auto& segment : must(list_segments(evidence::posix_disk(), layout))) {
        if (segment.has_log) {
            figures.sealed_records = static_cast<double>(segment.first);
            return;
        }
        figures.sealed_bytes +=
            static_cast<double>(std::filesystem::file_size(layout.sealed(segment.first)));
    }
}

Timestamp wall_clock() {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// The real thing: appended, committed in groups, sealed, indexed as it comes.
Figures append(const std::string& folder, std::uint64_t records) {
    auto ledger = must(Ledger::open(evidence::posix_disk(), folder, {}, wall_clock()));
    auto index = must(Index::open(folder, Index::Mode::write));
    must(index->catch_up(*must(LedgerReader::open(evidence::posix_disk(), folder)), {}));
    ledger->on_append = [&](std::uint64_t leaf, const Event& event) {
        must(index->add(leaf, event));
    };
    const auto workload = std::make_unique<AccessWorkload>();
    Event event;
    std::vector<std::pair<std::uint64_t, Clock::time_point>> unacknowledged;
    std::vector<double> latencies;
    std::string text;
    Figures figures;
    const auto acknowledge = [&] {
        const std::uint64_t durable = ledger->durable();
        const auto now = Clock::now();
        for (const auto& [leaf, since] : unacknowledged) {
            if (leaf < durable) {
                latencies.push_back(seconds(now - since) * 1e3);
            }
        }
        std::erase_if(unacknowledged, [&](const auto& waits) { return waits.first < durable; });
    };
    for (std::uint64_t i = 0; i < records; ++i) {
        to_event(workload->next(), event);
        const auto leaf = ledger->append(event, wall_clock());
        if (i % kTendEvery == 0) {
            unacknowledged.emplace_back(leaf.value_or(0), Clock::now());
            must(ledger->tend(wall_clock()));
            acknowledge();
            if (index->waiting() >= Index::kChunkLeaves) {
                must(ledger->commit());
                acknowledge();
                must(index->flush(ledger->durable(), ledger->position()));
            }
        }
        if (i % 1'000 == 0) {
            text.clear();
            render_canonical(event, text);
            figures.rows += static_cast<double>(text.size()) * 1'000;
        }
    }
    must(ledger->close(wall_clock()));
    acknowledge();
    must(index->flush(ledger->durable(), ledger->position()));
    if (ledger->health().lost != 0) {
        stop("records were lost");
    }
    index.reset();
    ledger.reset();
    figures.records = static_cast<double>(records);
    set_percentiles(latencies, figures);
    measure_size(folder, figures);
    measure_sealed(folder, figures);
    return figures;
}

void run(sqlite3* database, const char* statement) {
    if (sqlite3_exec(database, statement, nullptr, nullptr, nullptr) != SQLITE_OK) {
        stop(sqlite3_errmsg(database));
    }
}

Figures sqlite(const std::string& folder, std::uint64_t records) {
    sqlite3* database = nullptr;
    if (sqlite3_open((folder + "/peer.sqlite").c_str(), &database) != SQLITE_OK) {
        stop("sqlite");
    }
    run(database,
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE access(ts INTEGER, end INTEGER, mailbox TEXT, text TEXT);"
        "CREATE INDEX by_mailbox ON access(mailbox, ts)");
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(database, "INSERT INTO access VALUES(?,?,?,?)", -1, &insert, nullptr);
    const auto workload = std::make_unique<AccessWorkload>();
    const auto text = [&](int place, std::string_view value) {
        sqlite3_bind_text(
            insert, place, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    };
    Event event;
    std::string canonical;
    run(database, "BEGIN");
    for (std::uint64_t i = 0; i < records; ++i) {
        const Access& access = workload->next();
        to_event(access, event);
        canonical.clear();
        render_canonical(event, canonical);
        sqlite3_bind_int64(insert, 1, access.time);
        sqlite3_bind_int64(insert, 2, access.end);
        text(3, access.mailbox);
        text(4, canonical);
        if (sqlite3_step(insert) != SQLITE_DONE) {
            stop(sqlite3_errmsg(database));
        }
        sqlite3_reset(insert);
        if ((i + 1) % kSqliteBatch == 0) {
            run(database, "COMMIT; BEGIN");
        }
    }
    run(database, "COMMIT");
    sqlite3_finalize(insert);
    sqlite3_close(database);
    Figures figures{.records = static_cast<double>(records)};
    measure_size(folder, figures);
    return figures;
}

/// Questions for `who`: a mailbox and a twentieth of the time.
class Questions {
  public:
    explicit Questions(std::uint64_t records)
        : start_(AccessWorkload().next().time),
          range_(static_cast<std::int64_t>(records) * kMeanGap) {}

    std::string_view mailbox() { return workload_.mailbox(); }

    std::string_view common_mailbox() const { return workload_.mailbox_of_rank(kMailboxes / 50); }

    evidence::TimeSpan span() {
        const std::int64_t length = range_ / 20;
        const std::int64_t since = start_ + static_cast<std::int64_t>(workload_.random(
                                                static_cast<std::uint64_t>(range_ - length)));
        return {.since = Timestamp(std::chrono::nanoseconds(since)),
                .until = Timestamp(std::chrono::nanoseconds(since + length))};
    }

  private:
    std::int64_t start_;
    std::int64_t range_;
    AccessWorkload workload_ = AccessWorkload(2);
};

Figures ask(const std::string& folder, std::uint64_t records) {
    auto reader = must(LedgerReader::open(evidence::posix_disk(), folder));
    auto index = must(Index::open(folder, Index::Mode::read));
    const auto questions = std::make_unique<Questions>(records);
    std::vector<double> latencies;
    Figures figures{.records = kQuestions};
    for (int i = 0; i < kQuestions; ++i) {
        const evidence::TimeSpan span = questions->span();
        const std::string_view mailbox = questions->mailbox();
        const auto asked = Clock::now();
        must(index->accesses(
            *reader, mailbox, span, [&](const evidence::AccessRow&) { ++figures.rows; }));
        latencies.push_back(seconds(Clock::now() - asked) * 1e3);
    }
    set_percentiles(latencies, figures);
    return figures;
}

/// From fork to exit of the command, its answer thrown away.
double run_command(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const auto start = Clock::now();
    pid_t child = 0;
    int status = 0;
    if (::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0 ||
        ::waitpid(child, &status, 0) != child) {
        stop(words[0] + ": can't be run");
    }
    const double ms = seconds(Clock::now() - start) * 1e3;
    posix_spawn_file_actions_destroy(&actions);
    // 1: it found something.
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
        stop(words[0] + " failed");
    }
    return ms;
}

/// The command as a person runs it, each time a new process; the files are in the page cache. Of a
/// mailbox neither busy nor idle: the start is measured, not the printing of many rows.
Figures start_cold(const std::string& program, const std::string& folder, std::uint64_t records) {
    const auto questions = std::make_unique<Questions>(records);
    std::vector<double> latencies;
    for (int i = 0; i < kColdStarts; ++i) {
        const evidence::TimeSpan span = questions->span();
        latencies.push_back(run_command({program,
                                         "who",
                                         std::string(questions->common_mailbox()),
                                         "--since",
                                         render_utc(*span.since),
                                         "--until",
                                         render_utc(*span.until),
                                         "--evidence",
                                         folder}));
    }
    Figures figures{.records = kColdStarts};
    set_percentiles(latencies, figures);
    return figures;
}

Figures check(const std::string& folder) {
    const auto report = must(evidence::verify(evidence::posix_disk(), folder, {}));
    if (!report.good()) {
        stop("the ledger does not verify");
    }
    return {.records = static_cast<double>(report.leaves)};
}

Figures reindex(const std::string& folder) {
    auto reader = must(LedgerReader::open(evidence::posix_disk(), folder));
    auto index = must(Index::open(folder, Index::Mode::write));
    must(index->clear());
    must(index->catch_up(*reader, {}));
    return {.records = static_cast<double>(index->next_leaf())};
}

std::uint64_t setting(const char* name, std::uint64_t fallback) {
    const char* text = std::getenv(name);
    return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

bool verdict(bool reached, std::string_view text) {
    fmt::print("{}  {}\n", reached ? "PASS " : "short", text);
    return reached;
}

void print_row(std::string_view part, const Figures& f) {
    fmt::print("{:<18}{:>10.0f}{:>9.2f}{:>9.2f}{:>12.0f}{:>12.0f}{:>10.1f}\n",
               part,
               f.records,
               f.wall,
               f.cpu,
               f.records / f.cpu,
               f.records / f.wall,
               f.peak_mib);
}

/// Everything that was measured.
struct Measured {
    Figures ours;
    Figures theirs;
    Figures verified;
    Figures grown;
    Figures answers;
    Figures started;
    Figures rebuilt;
};

double ledger_bytes_a_record(const Figures& f) {
    return f.sealed_records > 0 ? f.sealed_bytes / f.sealed_records : f.store_bytes / f.records;
}

double bytes_a_record(const Figures& f) {
    return ledger_bytes_a_record(f) + f.index_bytes / f.records;
}

void print(const Measured& measured) {
    const auto& [ours, theirs, verified, grown, answers, started, rebuilt] = measured;
    fmt::print("{:<18}{:>10}{:>9}{:>9}{:>12}{:>12}{:>10}\n",
               "part",
               "records",
               "wall s",
               "CPU s",
               "per CPU s",
               "per wall s",
               "peak MiB");
    print_row("mailvigil append", ours);
    print_row("SQLite append", theirs);
    print_row("verify", verified);
    print_row("append, big", grown);
    print_row("who", answers);
    print_row("who, cold start", started);
    print_row("reindex, big", rebuilt);
    const double bytes = bytes_a_record(ours);
    fmt::print(
        "\nbytes a record: {:.1f} canonical; sealed {:.1f} = {:.1f} ledger + {:.1f} index"
        " (big: {:.1f} + {:.1f}); SQLite {:.1f}\n",
        ours.rows / ours.records,
        bytes,
        ledger_bytes_a_record(ours),
        ours.index_bytes / ours.records,
        ledger_bytes_a_record(grown),
        grown.index_bytes / grown.records,
        theirs.store_bytes / theirs.records);
    fmt::print("acknowledged: p50 {:.2f} ms, p99 {:.2f} ms, at most {:.2f} ms\n",
               ours.p50_ms,
               ours.p99_ms,
               ours.max_ms);
    fmt::print("who: p50 {:.3f} ms, p99 {:.2f} ms, at most {:.2f} ms; {:.0f} rows in all\n",
               answers.p50_ms,
               answers.p99_ms,
               answers.max_ms,
               answers.rows);
    fmt::print("cold start of `mailvigil who`, page cache warm: p50 {:.1f} ms, p99 {:.1f} ms\n\n",
               started.p50_ms,
               started.p99_ms);
}

int judge(const Measured& measured) {
    const auto& [ours, theirs, verified, grown, answers, started, rebuilt] = measured;
    const double bytes = bytes_a_record(ours);
    const double ratio = ours.records / ours.cpu / (theirs.records / theirs.cpu);
    const double peak = std::max(
        {ours.peak_mib, verified.peak_mib, grown.peak_mib, answers.peak_mib, rebuilt.peak_mib});
    const double checked = verified.records / verified.cpu;
    bool all =
        verdict(ratio >= 3,
                fmt::format("{:.1f} times SQLite's records per CPU second; the goal is 3", ratio));
    all = verdict(bytes <= 80,
                  fmt::format("{:.1f} bytes a record, sealed; the goal is at most 80", bytes)) &&
          all;
    all = verdict(ours.p99_ms <= 20,
                  fmt::format("acknowledged in {:.1f} ms (p99); the goal is 20", ours.p99_ms)) &&
          all;
    all = verdict(answers.p50_ms <= 1,
                  fmt::format("who: {:.2f} ms (p50); the goal is 1", answers.p50_ms)) &&
          all;
    all = verdict(answers.p99_ms <= 20,
                  fmt::format("who: {:.1f} ms (p99); the goal is 20", answers.p99_ms)) &&
          all;
    all = verdict(started.p99_ms <= 50,
                  fmt::format("cold start: {:.1f} ms (p99); the goal is 50", started.p99_ms)) &&
          all;
    all = verdict(checked >= 2e6,
                  fmt::format("{:.2f} million leaves verified per CPU second; the goal is 2",
                              checked / 1e6)) &&
          all;
    all = verdict(peak <= 128, fmt::format("{:.0f} MiB at most; the goal is 128", peak)) && all;
    return all ? 0 : 1;
}

int main_program(const std::string& program) {
    const std::uint64_t records = setting("MAILVIGIL_BENCH_RECORDS", 2'000'000);
    const std::uint64_t asked =
        std::max(setting("MAILVIGIL_BENCH_QUESTION_RECORDS", 5 * records), kAskedMin);
    const char* parent = std::getenv("MAILVIGIL_BENCH_FOLDER");
    std::string folder =
        fmt::format("{}/evidence-bench-XXXXXX", parent == nullptr ? "/var/tmp" : parent);
    if (::mkdtemp(folder.data()) == nullptr) {
        stop(folder + ": can't be made");
    }
    const std::string small = folder + "/small";
    const std::string big = folder + "/big";
    const std::string peer = folder + "/peer";
    for (const std::string& made : {small, big, peer}) {
        std::filesystem::create_directory(made);
    }
    const Figures ours = in_child([&] { return append(small, records); });
    const Figures theirs = in_child([&] { return sqlite(peer, records); });
    std::filesystem::remove_all(peer);
    const Figures verified = in_child([&] { return check(small); });
    const Figures grown = in_child([&] { return append(big, asked); });
    const Figures answers = in_child([&] { return ask(big, asked); });
    const Figures started = in_child([&] { return start_cold(program, big, asked); });
    const Figures rebuilt = in_child([&] { return reindex(big); });
    std::filesystem::remove_all(folder);

    const Measured measured{ours, theirs, verified, grown, answers, started, rebuilt};
    print(measured);
    return judge(measured);
}

}  // namespace
}  // namespace mailvigil::bench

int main(int count, char** arguments) {
    if (count != 2) {
        fmt::print(stderr, "usage: evidence_bench MAILVIGIL\n");
        return 2;
    }
    return mailvigil::bench::main_program(arguments[1]);
}

#include "app/replay.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "ingest/adapter/roster.h"
#include "ingest/log_source.h"

namespace mailvigil::app {

namespace {

using ingest::Chunk;
using ingest::LogSource;

/// A source that was looked at: which adapter, and when it begins.
struct Input {
    std::string path;
    const ingest::Adapter* adapter = nullptr;
    Timestamp first{};
    std::optional<LogSource> open;  ///< standard input can't be opened twice
};

const ingest::Adapter* adapter_for(std::string_view head) {
    for (const ingest::Adapter* adapter : ingest::adapter::roster()) {
        if (adapter->sniff(head)) {
            return adapter;
        }
    }
    return nullptr;
}

class Replay {
  public:
    Replay(const ReplayOptions& options,
           const detect::Knowledge& knowledge,
           const ReplayHooks& hooks,
           Diagnostics& diagnostics)
        : options_(options),
          hooks_(hooks),
          diagnostics_(diagnostics),
          belt_(options.belt, knowledge, hooks.belt) {}

    ReplaySummary run() {
        std::vector<Input> inputs = look_at_files();
        // Files may be named in any order (audit.log, audit.log.1, …): they are read in the order
        // of their first record.
        std::ranges::stable_sort(inputs, {}, &Input::first);
        for (Input& input : inputs) {
            read(input, &input == &inputs.back());
            if (is_stopped()) {
                summary_.stopped = true;
                break;
            }
        }
        finish();
        return summary_;
    }

  private:
    [[nodiscard]] bool is_stopped() const { return hooks_.stop != nullptr && hooks_.stop->load(); }

    /// A message that names the file itself.
    void refuse(std::string message) {
        diagnostics_.add({Severity::error, "", 0, 0, std::move(message)});
        summary_.failed = true;
    }

    /// An empty log is what rotation leaves behind. It is a failure only where nothing else was
    /// named: "nothing found" must not be said of nothing.
    void note_empty(const std::string& path) {
        diagnostics_.add({Severity::warning, path, 0, 0, "the file is empty"});
        ++empty_;
    }

    /// The same file under two names would count everything twice.
    bool is_known(const std::string& path) {
        struct stat status{};
        if (path == "-" || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
            seen_.emplace(status.st_dev, status.st_ino).second) {
            return false;
        }
        diagnostics_.add({Severity::warning, path, 0, 0, "named twice; it is read once"});
        return true;
    }

    std::vector<Input> look_at_files() {
        std::vector<Input> inputs;
        for (const std::string& path : options_.files) {
            if (is_known(path)) {
                continue;
            }
            auto source = LogSource::open(
                path, ingest::Growth::finished, path == "-" ? hashing() : ingest::Hashing::none);
            if (!source) {
                refuse(source.error().message);
                continue;
            }
            Input input;
            input.path = path;
            input.adapter = adapter_for(source->head());
            const bool grows = options_.waiting == Waiting::follow;
            if (input.adapter == nullptr && !(source->head().empty() && grows)) {
                // Damaged archives say more when they are read.
                if (is_damaged(*source)) {
                    summary_.failed = true;
                } else if (source->head().empty()) {
                    note_empty(path);
                } else {
                    refuse(fmt::format(
                        "{}: no known log format (mailvigil list adapters shows what can be read)",
                        path));
                }
                continue;
            }
            if (input.adapter == nullptr) {
                input.adapter = ingest::adapter::roster().front();
            }
            input.first = input.adapter->first_time(source->head()).value_or(Timestamp::max());
            progress_.bytes_total += source->bytes_total();
            if (path == "-") {
                input.open = std::move(*source);
            }
            inputs.push_back(std::move(input));
        }
        if (inputs.empty() && empty_ > 0) {
            summary_.failed = true;
        }
        return inputs;
    }

    bool is_damaged(LogSource& source) {
        const std::uint64_t before = diagnostics_.errors();
        Chunk chunk;
        if (source.head().empty()) {
            source.next(chunk, diagnostics_);
        }
        return diagnostics_.errors() > before;
    }

    void read(Input& input, bool last) {
        const bool grows = last && options_.waiting == Waiting::follow;
        if (!input.open) {
            auto source = LogSource::open(
                input.path, grows ? ingest::Growth::growing : ingest::Growth::finished, hashing());
            if (!source) {
                refuse(fmt::format("{}; it was there a moment ago", source.error().message));
                return;
            }
            input.open = std::move(*source);
        }
        LogSource& source = *input.open;
        ingest::Decoder& decoder = decoder_of(*input.adapter);
        Chunk chunk;
        sources_.push_back({.path = input.path});
        bool ended = false;
        while (!is_stopped()) {
            const std::uint64_t errors = diagnostics_.errors();
            const LogSource::Next next = source.next(chunk, diagnostics_);
            if (diagnostics_.errors() != errors) {
                // The file is damaged or went away: what follows in it is not known.
                summary_.failed = true;
                tell_gap("the log could not be read to its end");
            }
            if (next == LogSource::Next::end) {
                ended = true;
                break;
            }
            if (next == LogSource::Next::wait) {
                tend();
                std::this_thread::sleep_for(std::chrono::milliseconds(200));
                continue;
            }
            while (!chunk.text.empty()) {
                decoder.decode(chunk, batch_);
                consume();
            }
            decoder.release_chunk();
            tend();
            report_progress(source);
        }
        progress_.bytes_read += source.bytes_read();
        // Of a log that grows a stop is the end.
        note_source(source, ended || grows);
        input.open.reset();
    }

    [[nodiscard]] ingest::Hashing hashing() const {
        return hooks_.source ? ingest::Hashing::stored_bytes : ingest::Hashing::none;
    }

    /// What was read of the source that is the latest; told at the end, when it is known to be
    /// recorded.
    void note_source(LogSource& source, bool complete) {
        if (hooks_.source && complete) {
            source.skip_to_end();
        }
        SourceRead& read = sources_.back();
        read.bytes = source.bytes_read();
        const auto hash = source.take_hash();
        read_to_end_.push_back(complete && hash.has_value());
        read.sha256 = hash.value_or(Sha256{});
    }

    void count_for_source(const Event& event) {
        if (sources_.empty() || event.event_class == EventClass::gap) {
            return;
        }
        SourceRead& read = sources_.back();
        read.first = read.events == 0 ? event.time : std::min(read.first, event.time);
        read.last = read.events == 0 ? event.time : std::max(read.last, event.time);
        ++read.events;
    }

    void tell_gap(std::string_view reason) {
        Event& gap = batch_.add(EventClass::gap, belt_.latest());
        gap.set_event_action("telemetry-gap");
        gap.set_gap_reason(reason);
        gap.set_gap_start(belt_.latest());
        gap.set_gap_end(belt_.latest());
        consume();
    }

    void tend() {
        if (hooks_.tend) {
            hooks_.tend();
        }
    }

    void report_progress(const LogSource& source) {
        if (hooks_.diagnostics && !diagnostics_.kept().empty()) {
            hooks_.diagnostics(diagnostics_);
        }
        if (hooks_.progress) {
            hooks_.progress({progress_.bytes_read + source.bytes_read(), progress_.bytes_total});
        }
    }

    ingest::Decoder& decoder_of(const ingest::Adapter& adapter) {
        auto& decoder = decoders_[adapter.name];
        if (decoder == nullptr) {
            decoder = adapter.create(diagnostics_);
        }
        return *decoder;
    }

    void consume() {
        for (const Event& event : batch_.events()) {
            count_for_source(event);
        }
        belt_.take(batch_);
        batch_.clear();
    }

    void finish() {
        for (auto& [name, decoder] : decoders_) {
            for (bool done = false; !done;) {
                done = decoder->finish(batch_);
                consume();
            }
            const ingest::DecoderCounts& counts = decoder->counts();
            summary_.lines += counts.lines;
            summary_.malformed += counts.malformed;
            summary_.incomplete += counts.incomplete;
        }
        belt_.finish();
        summary_.belt = belt_.counts();
        for (std::size_t i = 0; i < sources_.size(); ++i) {
            if (read_to_end_[i]) {
                hooks_.source(sources_[i]);
            }
        }
        if (hooks_.diagnostics) {
            hooks_.diagnostics(diagnostics_);
        }
    }

    const ReplayOptions& options_;
    const ReplayHooks& hooks_;
    Diagnostics& diagnostics_;
    ReplaySummary summary_;
    ReplayProgress progress_;
    std::size_t empty_ = 0;
    std::set<std::pair<dev_t, ino_t>> seen_;
    std::vector<SourceRead> sources_;  ///< in the order of reading; the last one is being read
    std::vector<bool> read_to_end_;
    EventBatch batch_;
    Belt belt_;
    std::map<std::string_view, std::unique_ptr<ingest::Decoder>> decoders_;
};

}  // namespace

ReplaySummary replay(const ReplayOptions& options,
                     const detect::Knowledge& knowledge,
                     const ReplayHooks& hooks,
                     Diagnostics& diagnostics) {
    return Replay(options, knowledge, hooks, diagnostics).run();
}

}  // namespace mailvigil::app

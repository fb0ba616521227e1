// Recorder: seals what the belt produces. Owns the ledger of an evidence folder and keeps its index
// going. Detection never waits for it: what the disk does not take now waits in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "event/event.h"
#include "evidence/disk.h"
#include "evidence/index.h"
#include "evidence/ledger.h"

namespace mailvigil::app {

struct RecorderOptions {
    std::string folder;
    std::string host = "localhost";  ///< names a new ledger
    /// What was recorded is on disk, and sealed where that is due at once, within so much time of
    /// tend().
    Duration commit_within = std::chrono::milliseconds(10);
    /// The wall clock; a test has its own.
    std::function<Timestamp()> clock = std::chrono::system_clock::now;
    /// Gets what an operator must know: one sentence a call.
    std::function<void(std::string_view)> say;
};

/// A file that is about to be read.
struct SourceFile {
    std::string path;
    std::string sha256;  ///< hexadecimal
    std::uint64_t size = 0;
};

class Recorder {
  public:
    /// Opens or makes the ledger; its index is caught up. Error: it can't be written, is damaged,
    /// or somebody else writes it.
    static Result<std::unique_ptr<Recorder>> open(evidence::Disk& disk, RecorderOptions options);

    /// Takes a record in; it is durable after the next commit(). Never fails: what becomes of it
    /// while the disk takes nothing is told by `say` and counted.
    void record(const Event& event);

    /// One record of the settings that findings are made under.
    void record_settings(const std::vector<std::string>& settings);

    /// The record of that log, where it was read before.
    Result<std::optional<std::uint64_t>> find_source(std::string_view sha256);
    /// The record that says that reading this file was begun, where it was not read to its end.
    Result<std::optional<std::uint64_t>> find_unfinished(const SourceFile& source);

    /// Before a file is read; and when all that it tells of is recorded, what was read.
    void record_reading(const SourceFile& source);
    void record_source(const SourceFile& source, Timestamp first, Timestamp last);

    /// Makes what was recorded durable, and seals it where a finding of level high or critical is
    /// among it. Nothing may be shown of it before; where the disk takes nothing, that was told.
    void commit();

    /// To be called now and then: commits and seals what is due.
    void tend();

    /// Seals the end. Error: not everything is on disk.
    Result<void> close();

    /// Records since open(), seals not counted.
    [[nodiscard]] std::uint64_t records() const { return records_; }

    /// How many records found no room.
    [[nodiscard]] std::uint64_t lost() const;

    /// The number that the next incident gets.
    Result<std::uint64_t> next_incident();

    [[nodiscard]] Timestamp now() const { return options_.clock(); }

    /// Whether content of that hash is in the ledger.
    Result<bool> has_content(std::string_view sha256);
    /// The hash that the file of that path had when it was last recorded.
    Result<std::optional<std::string>> last_hash(std::string_view path);

  private:
    Recorder(evidence::Disk& disk, RecorderOptions options);

    Result<void> start();
    void append(const Event& event);
    void note(const Result<void>& done);
    void feed_index();
    void give_up_index(const Error& error);
    void say(std::string_view message) const;

    evidence::Disk& disk_;
    RecorderOptions options_;
    std::unique_ptr<evidence::Ledger> ledger_;
    std::unique_ptr<evidence::LedgerReader> reader_;
    std::unique_ptr<evidence::Index> index_;
    Arena arena_;
    std::set<std::string, std::less<>> hashes_;                    ///< contents of this run
    std::map<std::string, std::string, std::less<>> last_hashes_;  ///< of a path, in this run
    std::uint64_t records_ = 0;
    Timestamp indexed_{};  ///< when the index was last written
    std::uint64_t lost_told_ = 0;
    std::optional<Timestamp> seal_due_;  ///< since when
    bool stalled_ = false;
};

}  // namespace mailvigil::app

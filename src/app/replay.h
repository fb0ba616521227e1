// Replay: recorded telemetry through the belt: files -> adapter -> engine of each host -> findings.
// One thread, no clock but the progress display's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "detect/analytic.h"
#include "event/event.h"

namespace mailvigil::app {

enum class Waiting : std::uint8_t {
    stop_at_end,
    follow,  ///< the last file still grows: wait for more until stopped
};

enum class Telling : std::uint8_t {
    every_update,  ///< each time an incident grows
    when_closed,   ///< once, when nothing more is to come
};

struct ReplayOptions {
    std::vector<std::string> files;  ///< "-" is standard input
    std::optional<Timestamp> since;  ///< findings that ended before are left out
    std::optional<Timestamp> until;  ///< findings that began at or after are left out
    Level level = Level::low;        ///< findings below are left out
    bool explain = false;            ///< also every access, and what raised nothing
    Waiting waiting = Waiting::stop_at_end;
    Telling telling = Telling::every_update;
    std::string host;  ///< name for logs that carry none
    std::uint64_t first_incident = 1;
    std::string ledger;  ///< folder that all of it is recorded in; empty: none
};

struct ReplayProgress {
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_total = 0;  ///< 0: not known
};

struct ReplaySummary {
    std::uint64_t lines = 0;
    std::uint64_t events = 0;
    std::uint64_t malformed = 0;
    std::uint64_t incomplete = 0;
    std::uint64_t incidents = 0;  ///< at or above the level
    std::uint64_t hosts = 0;
    std::uint64_t processes_evicted = 0;
    std::uint64_t hosts_refused = 0;
    bool stopped = false;  ///< by `stop`, before the end
    bool failed = false;   ///< a file could not be read, or was of no known format
};

/// A log that was read to its end, or as far as it had grown when following it was stopped.
struct SourceRead {
    std::string path;  ///< as it was named; "-": standard input
    Sha256 sha256{};   ///< of the stored bytes
    std::uint64_t bytes = 0;
    std::uint64_t events = 0;
    Timestamp first{};  ///< of the events that were read from it
    Timestamp last{};
};

struct ReplayHooks {
    /// Gets each finding that passes the options' filters, in order, and with `explain` each
    /// access. The event is valid during the call.
    std::function<void(const Event&)> finding;
    /// Gets all that is worth keeping, before `finding` does: every access, the lineage of every
    /// incident, every finding whatever its level, and gaps. The event is valid during the call.
    std::function<void(const Event&)> record;
    /// Gets each log that was read, after all that it tells of was recorded.
    std::function<void(const SourceRead&)> source;
    /// Called after each piece of input and while a growing log has nothing new.
    std::function<void()> tend;
    /// Called now and then with how far it is.
    std::function<void(const ReplayProgress&)> progress;
    /// Called after each piece of input: diagnostics may be shown (and cleared).
    std::function<void(Diagnostics&)> diagnostics;
    /// Set by a signal handler: finish what is there and return.
    const std::atomic<bool>* stop = nullptr;
};

inline constexpr std::size_t kHostsMax = 64;

ReplaySummary replay(const ReplayOptions& options,
                     const detect::Knowledge& knowledge,
                     const ReplayHooks& hooks,
                     Diagnostics& diagnostics);

}  // namespace mailvigil::app

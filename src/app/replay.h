// Replay: recorded telemetry through the belt: files -> adapter -> engine of each host -> findings.
// One thread, no clock but the progress display's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/belt.h"
#include "base/diagnostics.h"
#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "detect/analytic.h"

namespace mailvigil::app {

enum class Waiting : std::uint8_t {
    stop_at_end,
    follow,  ///< the last file still grows: wait for more until stopped
};

struct ReplayOptions {
    std::vector<std::string> files;  ///< "-" is standard input
    Waiting waiting = Waiting::stop_at_end;
    BeltOptions belt;
};

struct ReplayProgress {
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_total = 0;  ///< 0: not known
};

struct ReplaySummary {
    BeltCounts belt;
    std::uint64_t lines = 0;
    std::uint64_t malformed = 0;
    std::uint64_t incomplete = 0;
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
    BeltHooks belt;
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

ReplaySummary replay(const ReplayOptions& options,
                     const detect::Knowledge& knowledge,
                     const ReplayHooks& hooks,
                     Diagnostics& diagnostics);

}  // namespace mailvigil::app

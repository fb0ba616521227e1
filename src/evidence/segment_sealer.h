// SegmentSealer: compresses closed segments, in a thread of its own where wanted, so that nobody
// who appends waits for it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "evidence/disk.h"
#include "evidence/layout.h"

namespace mailvigil::evidence {

/// add() and finish() from one thread.
class SegmentSealer {
  public:
    enum class Where : std::uint8_t { at_once, in_background };

    SegmentSealer(Disk& disk, Layout layout, Where where);
    ~SegmentSealer();  ///< leaves what is not begun to the next run
    SegmentSealer(const SegmentSealer&) = delete;
    SegmentSealer& operator=(const SegmentSealer&) = delete;

    void add(std::uint64_t first);

    /// The first compression that failed since it was asked for; what failed stays a `.log` until
    /// the next run. Does not wait.
    Result<void> failure();

    /// Waits until nothing is to be compressed, then failure().
    Result<void> finish();

  private:
    Result<void> take_error();
    void work(const std::stop_token& stop);
    void note(const Result<void>& result);

    Disk& disk_;
    Layout layout_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::uint64_t> waiting_;
    bool busy_ = false;
    std::optional<Error> error_;
    std::jthread thread_;  // last: stops before the rest goes
};

}  // namespace mailvigil::evidence

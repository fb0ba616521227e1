// ProgressBar: how far a long run is, on standard error, when a person waits there.
#pragma once

#include <algorithm>
#include <chrono>

#include "app/replay.h"
#include "base/print.h"

namespace mailvigil::cli {

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

}  // namespace mailvigil::cli

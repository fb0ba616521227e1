#include "ingest/adapter/linux_audit/serial_watch.h"

#include <algorithm>

namespace mailvigil::ingest::adapter::audit_log {

std::uint64_t SerialWatch::advance_to(std::uint64_t lowest) {
    std::uint64_t missing = 0;
    const std::uint64_t within = std::min(lowest, highest_ + 1);
    for (; lowest_ < within; ++lowest_) {
        if (!seen_[lowest_ % kWindow]) {
            ++missing;
        }
        seen_.reset(lowest_ % kWindow);
    }
    if (lowest_ < lowest) {
        missing += lowest - lowest_;
        lowest_ = lowest;
    }
    return missing;
}

// A serial far below the window, or one that is lower but later, is a new boot (the kernel starts
// at 1 again), not a late event.
SerialWatch::Missing SerialWatch::restart(const Stamp& stamp) {
    const Missing missing = finish();
    seen_.reset();
    started_ = true;
    lowest_ = stamp.serial;
    highest_ = stamp.serial;
    seen_.set(stamp.serial % kWindow);
    latest_ = settled_ = mark_time_ = stamp.time;
    mark_serial_ = stamp.serial;
    return missing;
}

// Waiting for the window alone would leave a hole in a quiet log untold for hours: whatever was
// outstanding when the last mark was set, and has not come since, is missing.
SerialWatch::Missing SerialWatch::settle_by_time(const Stamp& stamp) {
    if (stamp.time < mark_time_ + kSettle) {
        return {};
    }
    const Timestamp start = std::min(settled_, stamp.time);
    const std::uint64_t missing = mark_serial_ < lowest_ ? 0 : advance_to(mark_serial_ + 1);
    if (missing == 0) {
        settled_ = std::min(mark_time_, latest_);
    }
    const Missing found{missing, start, std::max(start, mark_time_)};
    settled_ = std::max(settled_, std::min(mark_time_, latest_));
    mark_serial_ = highest_;
    mark_time_ = stamp.time;
    return found;
}

SerialWatch::Missing SerialWatch::note(const Stamp& stamp) {
    const bool later = stamp.serial < highest_ && latest_ + kLate < stamp.time;
    if (!started_ || later || stamp.serial + kWindow < lowest_) {
        return restart(stamp);
    }
    if (stamp.serial < lowest_) {
        return {};
    }
    Missing missing = settle_by_time(stamp);
    if (stamp.serial >= lowest_ + kWindow) {
        missing = {missing.count + advance_to(stamp.serial - kWindow / 2),
                   std::min(settled_, stamp.time),
                   std::max(settled_, stamp.time)};
        settled_ = latest_;
    }
    highest_ = std::max(highest_, stamp.serial);
    latest_ = std::max(latest_, stamp.time);
    seen_.set(stamp.serial % kWindow);
    return missing;
}

SerialWatch::Missing SerialWatch::finish() {
    if (!started_) {
        return {};
    }
    return {advance_to(highest_ + 1), settled_, latest_};
}

}  // namespace mailvigil::ingest::adapter::audit_log

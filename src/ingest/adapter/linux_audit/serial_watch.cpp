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
    latest_ = settled_ = stamp.time;
    return missing;
}

SerialWatch::Missing SerialWatch::note(const Stamp& stamp) {
    const bool later = stamp.serial < highest_ && latest_ + kLate < stamp.time;
    if (!started_ || later || stamp.serial + kWindow < lowest_) {
        return restart(stamp);
    }
    if (stamp.serial < lowest_) {
        return {};
    }
    Missing missing;
    if (stamp.serial >= lowest_ + kWindow) {
        missing = {advance_to(stamp.serial - kWindow / 2),
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

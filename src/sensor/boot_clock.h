// BootClock: from the kernel's time since boot to the time of day. One offset is kept for
// identities, so that one process life keeps one name; times of events follow the clock as it is
// set.
#pragma once

#include <time.h>

#include <cstdint>

#include "base/time.h"

namespace mailvigil::sensor {

class BootClock {
  public:
    BootClock() : first_(measure()), current_(first_) {}

    /// Measures again; the clock may have been set.
    void refresh() { current_ = measure(); }

    [[nodiscard]] Timestamp time(std::uint64_t boot_ns) const {
        return Timestamp(Duration(static_cast<std::int64_t>(boot_ns) + current_));
    }

    /// The start of a process, the same whenever it is asked for; to the hundredth of a second,
    /// which is what /proc tells.
    [[nodiscard]] std::int64_t start_ms(std::uint64_t boot_ns) const {
        constexpr std::int64_t kTick = 10'000'000;
        return (static_cast<std::int64_t>(boot_ns) / kTick * kTick + first_) / 1'000'000;
    }

    [[nodiscard]] static std::uint64_t now() {
        return static_cast<std::uint64_t>(read(CLOCK_BOOTTIME));
    }

  private:
    static std::int64_t read(clockid_t clock) {
        timespec at{};
        ::clock_gettime(clock, &at);
        return at.tv_sec * 1'000'000'000 + at.tv_nsec;
    }

    static std::int64_t measure() { return read(CLOCK_REALTIME) - read(CLOCK_BOOTTIME); }

    std::int64_t first_;
    std::int64_t current_;
};

}  // namespace mailvigil::sensor

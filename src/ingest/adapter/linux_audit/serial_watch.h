// SerialWatch: finds serial numbers that never came. The kernel numbers its audit events without
// holes, so a hole is an event that was lost (or was cut out of the log).
#pragma once

#include <bitset>
#include <cstdint>

#include "ingest/adapter/linux_audit/record.h"

namespace mailvigil::ingest::adapter::audit_log {

class SerialWatch {
  public:
    /// How far behind the highest serial a late event may still come.
    static constexpr std::uint64_t kWindow = 8192;
    /// Serials grow with time: a lower one that is that much later is of another boot.
    static constexpr Duration kLate = std::chrono::seconds(5);

    struct Missing {
        std::uint64_t count = 0;
        Timestamp start{};
        Timestamp end{};
    };

    /// Notes an event; returns the serials that can no longer come because of it.
    Missing note(const Stamp& stamp);

    /// What is missing within the window; the input has ended.
    Missing finish();

  private:
    /// A serial that is outstanding for so long no longer comes.
    static constexpr Duration kSettle = std::chrono::seconds(10);

    Missing restart(const Stamp& stamp);
    Missing settle_by_time(const Stamp& stamp);
    /// Moves the window's lower end up to `lowest`, counting what was never seen.
    std::uint64_t advance_to(std::uint64_t lowest);

    bool started_ = false;
    std::uint64_t lowest_ = 0;       ///< serials below are settled
    std::uint64_t highest_ = 0;      ///< highest serial seen
    Timestamp latest_{};             ///< time of the latest event
    Timestamp settled_{};            ///< time when the window last moved
    std::uint64_t mark_serial_ = 0;  ///< the highest serial when the mark was set
    Timestamp mark_time_{};
    std::bitset<kWindow> seen_;
};

}  // namespace mailvigil::ingest::adapter::audit_log

// GapLog: telemetry that is missing, gathered until it is worth an event: neighbouring losses of
// one reason make one gap.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "event/event_batch.h"

namespace mailvigil::ingest::adapter::audit_log {

class GapLog {
  public:
    /// Losses of one reason that are no further apart make one gap.
    static constexpr Duration kJoin = std::chrono::seconds(1);
    static constexpr std::size_t kWaitingMax = 64;

    struct Gap {
        std::string_view reason;  ///< static
        std::uint64_t lost = 0;   ///< 0: not known
        Timestamp start{};
        Timestamp end{};
    };

    void add(const Gap& gap);

    /// Whether a gap waits to be given out at event time `now`.
    [[nodiscard]] bool due(Timestamp now) const {
        return !gaps_.empty() && gaps_.front().end + kJoin < now;
    }

    [[nodiscard]] bool empty() const { return gaps_.empty(); }

    /// Gives the oldest one to the batch, which must have room.
    void give(EventBatch& batch);

  private:
    std::deque<Gap> gaps_;
};

}  // namespace mailvigil::ingest::adapter::audit_log

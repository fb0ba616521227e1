#include "ingest/adapter/linux_audit/gap_log.h"

#include <algorithm>

namespace mailvigil::ingest::adapter::audit_log {

void GapLog::add(const Gap& gap) {
    for (Gap& other : gaps_) {
        const bool near = gap.start <= other.end + kJoin && other.start <= gap.end + kJoin;
        if (other.reason == gap.reason && (near || gaps_.size() == kWaitingMax)) {
            other.lost += gap.lost;
            other.start = std::min(other.start, gap.start);
            other.end = std::max(other.end, gap.end);
            return;
        }
    }
    gaps_.push_back(gap);
}

void GapLog::give(EventBatch& batch) {
    const Gap gap = gaps_.front();
    gaps_.pop_front();
    Event& event = batch.add(EventClass::gap, gap.end);
    event.set_event_action("telemetry-gap");
    event.set_gap_reason(gap.reason);
    event.set_gap_start(gap.start);
    event.set_gap_end(gap.end);
    if (gap.lost != 0) {
        event.set_gap_lost(gap.lost);
    }
}

}  // namespace mailvigil::ingest::adapter::audit_log

#include "event/event_batch.h"

#include "base/assert.h"

namespace mailvigil {

Event& EventBatch::add(EventClass event_class, Timestamp time) {
    MV_ASSERT(!full());
    Event& event = events_[count_++];
    event.reset(event_class, time);
    return event;
}

void EventBatch::remove_last() {
    MV_ASSERT(!empty());
    --count_;
}

void EventBatch::clear() {
    count_ = 0;
    arena_.clear();
}

}  // namespace mailvigil

// EventBatch: what travels on the belt. Owns the bytes that its events' texts point to.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "event/event.h"

namespace mailvigil {

/// Up to kEventsMax events and their bytes. One owner at a time, no locks. add() references stay
/// valid until clear().
class EventBatch {
  public:
    static constexpr std::size_t kEventsMax = 64;

    /// A new event at the end. Must not be called when full().
    Event& add(EventClass event_class, Timestamp time);

    /// Takes the last event back; its bytes stay until clear(). Must not be called when empty().
    void remove_last();

    [[nodiscard]] bool full() const { return count_ == kEventsMax; }

    [[nodiscard]] bool empty() const { return count_ == 0; }

    [[nodiscard]] std::span<const Event> events() const { return {events_.data(), count_}; }

    /// Where the bytes of this batch's events live.
    Arena& arena() { return arena_; }

    /// Forgets events and bytes.
    void clear();

  private:
    std::array<Event, kEventsMax> events_;
    std::size_t count_ = 0;
    Arena arena_;
};

}  // namespace mailvigil

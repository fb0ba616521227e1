// Record: the way out for events that nobody is told of at once but that are kept: accesses, and
// the lineage that findings rest on.
#pragma once

#include <functional>
#include <utility>

#include "base/arena.h"
#include "event/event.h"

namespace mailvigil::detect {

class Record {
  public:
    using Consumer = std::function<void(const Event&)>;

    /// An empty consumer: nobody keeps a record, and nothing needs to be remembered for it.
    explicit Record(Consumer consumer) : consumer_(std::move(consumer)) {}

    [[nodiscard]] bool is_kept() const { return consumer_ != nullptr; }

    /// An event to be filled in; its texts may live in arena(). Valid until give().
    Event& begin(EventClass event_class, Timestamp time) {
        arena_.clear();
        event_.reset(event_class, time);
        return event_;
    }

    Arena& arena() { return arena_; }

    /// Hands the event over.
    void give() { consumer_(event_); }

  private:
    Consumer consumer_;
    Arena arena_;
    Event event_;
};

}  // namespace mailvigil::detect

// Sink: where findings go beside the terminal. One per file of output/sink/ (roster).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event.h"

namespace mailvigil::output {

/// An open sink. One thread.
class Delivery {
  public:
    virtual ~Delivery() = default;

    /// Hands messages over, each rendered by the sink's render(), in order. Error: unwritable; all
    /// of them will come again, so a receiver may see a message twice, but never misses one.
    virtual Result<void> deliver(std::string_view messages) = 0;
};

struct Sink {
    std::string_view name;     ///< the file's stem
    std::string_view summary;  ///< one line
    std::string_view target;   ///< what its target is, for help; empty: it has none
    /// Appends what the receiver gets for the event that is record `leaf` of the ledger. Pure.
    void (*render)(const Event& event, std::uint64_t leaf, std::string& out);
    /// Error: unwritable, or malformed: the target makes no sense.
    Result<std::unique_ptr<Delivery>> (*open)(const std::string& target);
};

}  // namespace mailvigil::output

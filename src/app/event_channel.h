// EventChannel: events from one process to another over a stream socket, for sensors that run with
// rights that the core is not to have. Each event is its canonical text behind its length; nothing
// of the sender is believed but that.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "event/event_batch.h"

namespace mailvigil::app {

/// A longer event is refused by either side.
inline constexpr std::size_t kChannelEventBytesMax = 1024 * 1024;

struct ChannelEnds {
    Fd sender;
    Fd receiver;
};

/// A connected pair of stream sockets, closed on exec.
Result<ChannelEnds> make_channel();

class EventSender {
  public:
    explicit EventSender(Fd socket) : socket_(std::move(socket)) {}

    /// Sends the batch's events in order; waits while the other side has no room, so that what
    /// is lost meanwhile is lost, and counted, where it comes from. An event that is too long is
    /// left out and counted. Error: unwritable, the other side is gone.
    Result<void> send(const EventBatch& batch);

    /// Events that were too long.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    Result<void> write(std::string_view bytes);

    Fd socket_;
    std::string bytes_;
    std::uint64_t refused_ = 0;
};

class EventReceiver {
  public:
    explicit EventReceiver(Fd socket) : socket_(std::move(socket)) {}

    /// To poll for input.
    [[nodiscard]] int descriptor() const { return socket_.number(); }

    enum class Next : std::uint8_t {
        events,  ///< the batch has some; there may be more
        wait,    ///< nothing whole is there now
        end,     ///< the sender closed its end; a last cut-off event is left out
    };

    /// Takes what is there, without waiting, until `batch` is full. Error: malformed, the sender
    /// is not to be trusted any more; unreadable.
    Result<Next> receive(EventBatch& batch);

  private:
    Result<void> fill();
    Result<void> take(EventBatch& batch);

    Fd socket_;
    std::string bytes_;
    std::size_t taken_ = 0;  ///< of bytes_, from the front
    bool ended_ = false;
};

}  // namespace mailvigil::app

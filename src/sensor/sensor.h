// Sensor: one way of seeing what happens on this host, as it happens. One per file of sensor/feed/
// (roster). Which ones work is found by trying.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event_batch.h"

namespace mailvigil::sensor {

struct World;

/// What a sensor can tell.
enum class Capability : std::uint8_t {
    process_life,  ///< exec, fork, exit
    identity,      ///< who acts, complete for processes that are gone at once
    file_open,
    file_read,  ///< by whom it really is read, however it was opened
    file_names,
    block_device,
    network,
    mounts,
    sessions,
    services,
};

std::string_view to_text(Capability capability);

/// What is missing on this host, and what follows from that.
struct Limitation {
    std::string what;
    std::string consequence;
};

struct FeedCounts {
    std::uint64_t records = 0;  ///< of the kernel or service
    std::uint64_t events = 0;   ///< given to the belt
    std::uint64_t dropped = 0;  ///< known to be lost; each loss is a gap as well
    std::uint64_t unattributed = 0;
    std::uint64_t accesses = 0;  ///< to watched files, counted at the source
};

/// An open sensor. One thread.
class Feed {
  public:
    virtual ~Feed() = default;

    /// Readable when there is something; -1: look now and then.
    [[nodiscard]] virtual int fd() const = 0;

    /// Adds what has come to the batch until it is full. True: there is more.
    virtual bool drain(EventBatch& batch) = 0;

    /// Adds what only the end of a drain tells: counts, exits. True: there is more.
    virtual bool settle(EventBatch& /*batch*/) { return false; }

    /// The plan has changed (World::plan).
    virtual Result<> update() { return {}; }

    [[nodiscard]] virtual FeedCounts counts() const = 0;

    [[nodiscard]] virtual std::vector<Limitation> limitations() const { return {}; }
};

struct Sensor {
    std::string_view name;     ///< the file's stem
    std::string_view summary;  ///< one line
    std::span<const Capability> capabilities;
    /// Tries to open it; the error says why it cannot be. `world` must outlive the feed.
    Result<std::unique_ptr<Feed>> (*open)(World& world);
};

}  // namespace mailvigil::sensor

// Sensors: all sensors of this host as one stream of Events.
//
//   auto sensors = TRY(open_sensors(plan, {}));
//   EventBatch batch;
//   while (running) {
//       sensors->wait(1s);                  // or poll(2) on sensors->fd()
//       bool more = true;
//       while (more) {
//           more = sensors->drain(batch);   // up to 64 events
//           for (const Event& event : batch.events()) engine.apply(event);
//           batch.clear();
//       }
//   }
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "event/event_batch.h"
#include "sensor/sensor.h"
#include "sensor/watch_plan.h"

namespace mailvigil::sensor {

struct SensorOptions {
    /// Names of the roster to try; empty: all of them.
    std::vector<std::string> only;
    /// So often what the kernel has gathered quietly is looked at.
    std::chrono::milliseconds period{20};
};

struct SensorStatus {
    std::string name;
    bool open = false;
    std::string why;  ///< why it is not open
    FeedCounts counts;
    std::vector<Limitation> limitations;
};

class Sensors {
  public:
    ~Sensors();
    Sensors(const Sensors&) = delete;
    Sensors& operator=(const Sensors&) = delete;

    /// Readable when it is time to drain().
    [[nodiscard]] int fd() const { return wake_.number(); }

    /// Waits until fd() is readable, at most that long.
    void wait(std::chrono::milliseconds patience);

    /// Adds events to the batch, which must be empty, until it is full. True: there is more.
    bool drain(EventBatch& batch);

    /// Watches something else from now on; nothing that stays in the plan is unwatched meanwhile.
    Result<> set_plan(const WatchPlan& plan);

    /// What each sensor of the roster does, and what is not seen on this host.
    [[nodiscard]] std::vector<SensorStatus> status() const;

    [[nodiscard]] std::size_t watched_places() const;

  private:
    friend Result<std::unique_ptr<Sensors>> open_sensors(const WatchPlan& plan,
                                                         const SensorOptions& options);
    struct Inside;

    Sensors();
    Result<> open(const WatchPlan& plan, const SensorOptions& options);
    void look_after_plan();
    Result<> update_feeds();
    bool give_mounts(EventBatch& batch);

    std::unique_ptr<Inside> inside_;
    Fd wake_;
    Fd timer_;
};

/// Opens every sensor that works here. Fails where none does; what does not work is in status().
Result<std::unique_ptr<Sensors>> open_sensors(const WatchPlan& plan, const SensorOptions& options);

}  // namespace mailvigil::sensor

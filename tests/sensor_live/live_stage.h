// LiveStage: a small file system of its own on a loop device, watched by the real sensors, for
// tests that need root and a kernel that takes eBPF. All of it is gone with the test's mount
// namespace.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensors.h"

namespace mailvigil::sensor {

/// What a test wants to know of an event; outlives its batch.
struct Seen {
    EventClass event_class = EventClass::gap;
    std::string action;
    std::string outcome;
    std::string path;
    std::string target;
    std::string executable;
    std::string name;
    std::string entity;
    std::string message;
    std::vector<std::string> args;
    std::vector<std::string> ancestry;
    std::uint64_t pid = 0;
    std::uint64_t parent = 0;
    std::uint64_t user = 0;
    std::uint64_t inode = 0;
    std::uint64_t count = 1;
    std::uint64_t port = 0;
    std::uint64_t lost = 0;
    Timestamp time{};
};

class LiveStage {
  public:
    /// Empty: live tests can run here; else why not.
    static std::string obstacle();

    /// `megabytes`: of the file system. Its directory `mail` is watched.
    explicit LiveStage(std::size_t megabytes = 48);
    ~LiveStage();
    LiveStage(const LiveStage&) = delete;
    LiveStage& operator=(const LiveStage&) = delete;

    [[nodiscard]] const std::string& root() const { return root_; }

    [[nodiscard]] std::string mail() const { return root_ + "/mail"; }

    [[nodiscard]] const std::string& image() const { return image_; }

    [[nodiscard]] const std::string& device() const { return device_; }

    /// Opens the sensors with `mail` in the plan and what `more` adds.
    void watch(const std::function<void(WatchPlan&)>& more = {});

    [[nodiscard]] Sensors& sensors() { return *sensors_; }

    /// What came while the sensors were opened.
    [[nodiscard]] const std::vector<Seen>& first_seen() const { return first_seen_; }

    /// Takes what comes until `until` says that it is enough, at most that long.
    std::vector<Seen> collect(const std::function<bool(const std::vector<Seen>&)>& until,
                              std::chrono::milliseconds patience = std::chrono::milliseconds(3000));

    /// Takes what is on its way.
    std::vector<Seen> settle(std::chrono::milliseconds time = std::chrono::milliseconds(150));

    /// Unmounts the file system and mounts it again: nothing of it is cached.
    void make_cold();

    /// Runs `body` in a child; its pid. It is gone when this returns.
    static pid_t in_child(const std::function<void()>& body);

    /// Runs a shell line to its end; its status.
    static int shell(const std::string& line);

    static void write_file(const std::string& path, std::string_view content);

  private:
    void drain(std::vector<Seen>& seen);

    std::string folder_;
    std::string root_;
    std::string image_;
    std::string device_;
    std::unique_ptr<Sensors> sensors_;
    std::vector<Seen> first_seen_;
};

}  // namespace mailvigil::sensor

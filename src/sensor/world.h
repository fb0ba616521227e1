// World: what all sensors of a host share: the plan, the processes, names and clocks. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "event/event_batch.h"
#include "sensor/boot_clock.h"
#include "sensor/process_table.h"
#include "sensor/user_names.h"
#include "sensor/watch_plan.h"

namespace mailvigil::sensor {

struct EndedProcess {
    mv_who who{};
    std::uint64_t time = 0;
    std::int32_t code = 0;
};

/// What one sensor has told, so that another does not tell it again.
class ToldChanges {
  public:
    static constexpr std::size_t kKeptMax = 16'384;

    enum class Scope : std::uint8_t { file, directory };

    struct Key {
        FileKey file;  ///< or the directory, where all in it are told together
        std::uint32_t pid = 0;
        EventClass event_class = EventClass::gap;
        Scope scope = Scope::file;

        bool operator==(const Key&) const = default;
    };

    void note(const Key& key) {
        if (keys_.size() >= kKeptMax) {
            keys_.clear();
        }
        keys_.insert(key);
    }

    [[nodiscard]] bool knows(const Key& key) const { return keys_.contains(key); }

  private:
    struct Hash {
        std::size_t operator()(const Key& key) const noexcept {
            return FileKeyHash{}(key.file) ^ (std::size_t{key.pid} << 20U) ^
                   (static_cast<std::size_t>(key.event_class) << 8U) ^
                   static_cast<std::size_t>(key.scope);
        }
    };

    std::unordered_set<Key, Hash> keys_;
};

struct World {
    PlanBook plan;
    ToldChanges told;
    ProcessTable processes;
    UserNames users;
    BootClock clock;
    std::uint64_t sequence = 0;
    /// Exits that were seen and not given yet: first everything that the process did is given.
    std::vector<EndedProcess> ended;
    /// Processes that take up mail through a pipe, and files that they write: the kernel is told.
    std::vector<std::pair<std::uint32_t, std::uint64_t>> carriers;
    std::vector<FileKey> derived;
    /// Something was mounted or unmounted: who did it last.
    bool mounts_changed = false;
    mv_who mounted_by{};
    /// Files that sensors found to be second ways into watched places: they belong into the plan.
    bool plan_grew = false;
    /// Something was put where the plan asks for it: the plan must be looked at again.
    bool plan_replaced = false;
};

/// A new event of that process life, with everything that is known of who it is. Texts are copied
/// into the batch, which must have room.
Event& start_event(
    World& world, const Life& life, EventClass event_class, Timestamp time, EventBatch& batch);

/// Adds what a process_start tells beyond that: arguments, working directory, ancestors.
void set_image(World& world, const Life& life, Event& event, Arena& arena);

/// What lies where: device, inode, mode, owner.
struct FileFacts {
    FileKey key;
    std::uint32_t mode = 0;
    std::uint32_t owner = 0;
};

void set_file(std::string_view path, const FileFacts& facts, Event& event, Arena& arena);

/// A gap: telemetry is missing between the two points.
struct Loss {
    std::string_view reason;
    std::uint64_t lost = 0;  ///< 0: not known
    Timestamp start{};
    Timestamp end{};
};

void give_gap(const Loss& loss, EventBatch& batch);

}  // namespace mailvigil::sensor

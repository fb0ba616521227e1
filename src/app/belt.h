// Belt: events of any number of hosts, each through an engine of its own, to records and findings.
// `replay` feeds it from logs, `watch` from sensors. One thread, no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "detect/analytic.h"
#include "detect/engine.h"
#include "event/event_batch.h"

namespace mailvigil::app {

enum class Telling : std::uint8_t {
    every_update,  ///< each time an incident grows
    when_closed,   ///< once, when nothing more is to come
};

struct BeltOptions {
    std::optional<Timestamp> since{};  ///< findings that ended before are left out
    std::optional<Timestamp> until{};  ///< findings that began at or after are left out
    Level level = Level::low;          ///< findings below are left out
    bool explain = false;              ///< also every access, and what raised nothing
    Telling telling = Telling::every_update;
    std::string host{};  ///< name for events that carry none
    std::uint64_t first_incident = 1;
    std::string ledger{};  ///< folder that all of it is recorded in; empty: none
};

struct BeltHooks {
    /// Gets each finding that passes the options' filters, in order, and with `explain` each
    /// access. The event is valid during the call.
    std::function<void(const Event&)> finding;
    /// Gets all that is worth keeping, before `finding` does: every access, the lineage of every
    /// incident, every finding whatever its level, and gaps. The event is valid during the call.
    std::function<void(const Event&)> record;
};

struct BeltCounts {
    std::uint64_t events = 0;
    std::uint64_t incidents = 0;  ///< at or above the level
    std::uint64_t hosts = 0;
    std::uint64_t processes_evicted = 0;
    std::uint64_t hosts_refused = 0;  ///< events of hosts beyond the kHostsMax-th
};

inline constexpr std::size_t kHostsMax = 64;

class Belt {
  public:
    /// All of them must outlive the belt.
    Belt(const BeltOptions& options, const detect::Knowledge& knowledge, const BeltHooks& hooks);

    /// Takes the batch's events in, in order, and tells what they come to.
    void take(const EventBatch& batch);

    /// No more events: what is open is closed and told.
    void finish();

    /// The latest time of an event so far.
    [[nodiscard]] Timestamp latest() const { return latest_; }

    [[nodiscard]] const BeltCounts& counts() const { return counts_; }

  private:
    detect::Engine* engine_of(std::string_view host);
    [[nodiscard]] bool is_asked(Timestamp start, Timestamp end) const;
    void keep(const Event& event);
    void refer_to_ledger(detect::Finding& finding) const;
    void tell(detect::Engine& engine);

    const BeltOptions& options_;
    const detect::Knowledge& knowledge_;
    const BeltHooks& hooks_;
    BeltCounts counts_;
    Timestamp latest_{};
    EventBatch findings_;
    detect::IncidentCounter incidents_;
    std::map<std::string, std::unique_ptr<detect::Engine>, std::less<>> engines_;
    std::string last_host_;
    detect::Engine* last_engine_ = nullptr;
};

}  // namespace mailvigil::app

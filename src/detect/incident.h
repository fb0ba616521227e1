// Incident: what every story that grows keeps of itself: its number, how far it was told, and the
// processes that took part.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "detect/actor.h"
#include "event/vocabulary.h"

namespace mailvigil::lineage {
struct Process;
}  // namespace mailvigil::lineage

namespace mailvigil::detect {

struct Context;

/// One row of numbers for all that is told of in one replay or ledger, whatever the host.
struct IncidentCounter {
    std::uint64_t next = 1;
};

/// How far a story got.
struct Progress {
    Level level = Level::informational;
    unsigned stage = 0;
    bool tell_anyway = false;  ///< it is closed, or grew in a way that is worth a line
};

class Incident {
  public:
    /// Process lives whose lineage is kept; more are not.
    static constexpr std::size_t kProcessesMax = 512;

    /// `context` must outlive it.
    explicit Incident(const Context& context) : context_(context) {}

    /// The process had a hand in it: its lineage goes on record, once the incident has a number.
    void take_part(const lineage::Process& process);

    /// Whether there is something new to tell. Then it counts as told, and what is more than
    /// informational has a number.
    bool advance(const Progress& progress);

    /// 0: none yet.
    [[nodiscard]] std::uint64_t number() const { return number_; }

    [[nodiscard]] std::uint64_t updates() const { return updates_; }

  private:
    struct Part {
        Actor actor;
        Timestamp start{};  ///< of its life
        Timestamp time{};   ///< when it began to run what it runs
        std::string exec_event;
    };

    void keep(const lineage::Process& process);
    void record(const Part& part) const;

    const Context& context_;
    std::uint64_t number_ = 0;
    std::uint64_t updates_ = 0;
    Level told_level_ = Level::informational;
    unsigned told_stage_ = 0;
    std::unordered_set<std::uint64_t> known_;  ///< process lives
    std::vector<Part> waiting_;                ///< for the number
};

}  // namespace mailvigil::detect

// Engine: the core of the belt for one host: events through lineage and the analytics to findings.
// Single-threaded, free of clocks: the same events give the same findings.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "detect/analytic.h"
#include "event/event_batch.h"

namespace mailvigil::detect {

struct EngineOptions {
    std::string host;  ///< name of the host where the events don't tell
    /// Gets each access once it is complete, and the lineage of each incident just before the
    /// finding that rests on it. Honest work then also gives findings, of no incident. The event is
    /// valid during the call.
    std::function<void(const Event&)> record;
};

class Engine {
  public:
    /// `knowledge` and `incidents` must outlive the engine; the latter numbers its incidents and
    /// may be shared with others.
    Engine(const Knowledge& knowledge, EngineOptions options, IncidentCounter& incidents);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Takes one event in.
    void apply(const Event& event);

    /// No more events: closes what is open.
    void finish();

    /// The findings since the last call, in order.
    std::vector<Finding> take_findings();

    [[nodiscard]] bool has_findings() const { return !findings_.empty(); }

    [[nodiscard]] const lineage::LineageCounts& lineage_counts() const { return lineage_.counts(); }

  private:
    const Knowledge& knowledge_;
    EngineOptions options_;
    lineage::Lineage lineage_;
    ProcessFacts facts_;
    GapBook gaps_;
    WrittenBook written_;
    Record record_;
    std::vector<Finding> findings_;
    std::vector<std::unique_ptr<AnalyticState>> analytics_;
};

}  // namespace mailvigil::detect

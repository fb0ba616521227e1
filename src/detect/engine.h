// Engine: the core of the belt for one host: events through lineage and the analytics to findings.
// Single-threaded, free of clocks: the same events give the same findings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/analytic.h"
#include "event/event_batch.h"

namespace mailvigil::detect {

struct EngineOptions {
    std::string host;               ///< name of the host where the events don't tell
    bool account_accesses = false;  ///< a finding also for each honest access (--explain)
};

class Engine {
  public:
    /// `knowledge` must outlive the engine.
    Engine(const Knowledge& knowledge, EngineOptions options);
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
    std::uint64_t next_incident_ = 1;
    std::vector<Finding> findings_;
    std::vector<std::unique_ptr<AnalyticState>> analytics_;
};

}  // namespace mailvigil::detect

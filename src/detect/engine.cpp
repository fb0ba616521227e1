#include "detect/engine.h"

#include "detect/analytic/roster.h"

namespace mailvigil::detect {

Engine::Engine(const Knowledge& knowledge, EngineOptions options, IncidentCounter& incidents)
    : knowledge_(knowledge),
      options_(std::move(options)),
      lineage_(knowledge.interpreters),
      facts_(knowledge.commands, knowledge.roles, lineage_),
      record_(std::move(options_.record)) {
    const Context context{.knowledge = knowledge_,
                          .lineage = lineage_,
                          .facts = facts_,
                          .gaps = gaps_,
                          .written = written_,
                          .incidents = incidents,
                          .findings = findings_,
                          .host = options_.host,
                          .record = record_};
    for (const Analytic* analytic : analytic::roster()) {
        analytics_.push_back(analytic->create(context));
    }
    lineage_.on_eviction([this](const lineage::Process& process) {
        for (const auto& analytic : analytics_) {
            analytic->forget(process);
        }
    });
}

Engine::~Engine() = default;

void Engine::apply(const Event& event) {
    if (event.event_class == EventClass::gap) {
        gaps_.add(event);
        return;
    }
    const lineage::Process* process = lineage_.apply(event);
    for (const auto& analytic : analytics_) {
        analytic->pass_time(event.time);
        analytic->apply(event, process);
    }
}

void Engine::finish() {
    for (const auto& analytic : analytics_) {
        analytic->finish();
    }
}

std::vector<Finding> Engine::take_findings() {
    return std::exchange(findings_, {});
}

}  // namespace mailvigil::detect

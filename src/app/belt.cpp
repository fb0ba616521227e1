#include "app/belt.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/evidence_folder.h"

namespace mailvigil::app {

Belt::Belt(const BeltOptions& options, const detect::Knowledge& knowledge, const BeltHooks& hooks)
    : options_(options), knowledge_(knowledge), hooks_(hooks), incidents_{options.first_incident} {}

void Belt::take(const EventBatch& batch) {
    for (const Event& event : batch.events()) {
        ++counts_.events;
        latest_ = std::max(latest_, event.time);
        // What is missing may have been of any host.
        if (event.event_class == EventClass::gap && hooks_.record) {
            hooks_.record(event);
        }
        if (event.event_class == EventClass::gap && !event.has(Field::host_name)) {
            for (const auto& [name, engine] : engines_) {
                engine->apply(event);
            }
            continue;
        }
        if (detect::Engine* engine = engine_of(event.host_name())) {
            engine->apply(event);
            if (engine->has_findings()) {
                tell(*engine);
            }
        }
    }
}

void Belt::finish() {
    for (auto& [name, engine] : engines_) {
        engine->finish();
        tell(*engine);
        counts_.processes_evicted += engine->lineage_counts().processes_evicted;
    }
    counts_.hosts = engines_.size();
}

detect::Engine* Belt::engine_of(std::string_view host) {
    if (last_engine_ != nullptr && host == last_host_) {
        return last_engine_;
    }
    auto found = engines_.find(host);
    if (found == engines_.end()) {
        if (engines_.size() == kHostsMax) {
            ++counts_.hosts_refused;
            return nullptr;
        }
        const std::string name = !host.empty() ? std::string(host) : options_.host;
        detect::EngineOptions engine{.host = name, .record = {}};
        if (options_.explain || hooks_.record) {
            engine.record = [this](const Event& event) { keep(event); };
        }
        found = engines_
                    .emplace(
                        host,
                        std::make_unique<detect::Engine>(knowledge_, std::move(engine), incidents_))
                    .first;
    }
    last_host_ = found->first;
    last_engine_ = found->second.get();
    return last_engine_;
}

/// Whether anything between the two is asked for.
bool Belt::is_asked(Timestamp start, Timestamp end) const {
    return (!options_.since || end >= *options_.since) &&
           (!options_.until || start < *options_.until);
}

/// What the engines give besides findings.
void Belt::keep(const Event& event) {
    if (hooks_.record) {
        hooks_.record(event);
    }
    if (options_.explain && event.event_class == EventClass::access &&
        is_asked(event.time, event.has(Field::finding_end) ? event.finding_end() : event.time)) {
        hooks_.finding(event);
    }
}

/// What is sealed is asked from the ledger, not read from the log again.
void Belt::refer_to_ledger(detect::Finding& finding) const {
    if (options_.ledger.empty() || finding.incident == 0) {
        return;
    }
    for (std::string& next : finding.next) {
        if (next.starts_with("mailvigil replay")) {
            next = asked_of(options_.ledger,
                            fmt::format("mailvigil incident show {}", finding.incident));
        }
    }
}

void Belt::tell(detect::Engine& engine) {
    for (detect::Finding& finding : engine.take_findings()) {
        findings_.clear();
        refer_to_ledger(finding);
        if (hooks_.record) {
            give(finding, findings_);
            hooks_.record(findings_.events().front());
        }
        // What belongs to no incident is honest work.
        const bool wanted =
            (options_.explain || (finding.incident != 0 && finding.level >= options_.level)) &&
            is_asked(finding.start, finding.end);
        if (!wanted) {
            continue;
        }
        const bool first =
            finding.incident != 0 && finding.closed && finding.level >= options_.level;
        counts_.incidents += first ? 1 : 0;
        const bool last_word = finding.closed || finding.incident == 0;
        if (options_.telling == Telling::when_closed && !last_word) {
            continue;
        }
        if (findings_.empty()) {
            give(finding, findings_);
        }
        hooks_.finding(findings_.events().front());
    }
}

}  // namespace mailvigil::app

// Analytic: one question asked of the stream of events. One per file of detect/analytic/ (roster).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "detect/activation.h"
#include "detect/command_line.h"
#include "detect/finding.h"
#include "detect/gap_book.h"
#include "detect/incident.h"
#include "detect/mail_execution.h"
#include "detect/process_facts.h"
#include "detect/record.h"
#include "detect/role.h"
#include "detect/settings.h"
#include "detect/written_book.h"
#include "event/event.h"
#include "lineage/lineage.h"
#include "mail/configuration_map.h"
#include "mail/store_map.h"

namespace mailvigil::detect {

/// What is known before the first event; shared by all hosts, never changed while events run.
struct Knowledge {
    Settings settings;
    mail::StoreMap stores;
    mail::ConfigurationMap configuration;
    CommandTable commands;
    RoleTable roles;
    lineage::InterpreterTable interpreters;
    ActivationTable activations;
    MailExecution execution;
};

/// What an analytic may look at while events run. References outlive it.
struct Context {
    const Knowledge& knowledge;
    const lineage::Lineage& lineage;
    ProcessFacts& facts;
    GapBook& gaps;
    WrittenBook& written;
    IncidentCounter& incidents;
    std::vector<Finding>& findings;  ///< where conclusions go
    const std::string& host;
    Record& record;  ///< where accesses and lineage go; while it is kept, honest work is told of
};

class AnalyticState {
  public:
    virtual ~AnalyticState() = default;
    /// `process`: who acted, after the event; null when the event names nobody.
    virtual void apply(const Event& event, const lineage::Process* process) = 0;
    /// Event time has come to `now`: what has been idle for TimeWindow is closed.
    virtual void pass_time(Timestamp now) = 0;
    /// A process is about to be forgotten.
    virtual void forget(const lineage::Process& process) = 0;
    /// The input has ended: everything open is closed.
    virtual void finish() = 0;
};

struct Analytic {
    std::string_view name;     ///< the file's stem
    std::string_view rule_id;  ///< ATT&CK id
    std::string_view summary;
    std::unique_ptr<AnalyticState> (*create)(const Context& context);
};

}  // namespace mailvigil::detect

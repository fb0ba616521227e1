// Finding: what an analytic concluded, with everything a person or a program needs to judge it.
// Becomes an Event of class finding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "detect/actor.h"
#include "event/event_batch.h"
#include "event/vocabulary.h"

namespace mailvigil::detect {

/// One line of the story: "read", "bob: 3 files in 0.2 s".
struct Step {
    std::string label;
    std::string text;
};

struct Finding {
    std::string_view rule_id;  ///< AN1310
    std::string_view rule_name;
    std::string_view action;  ///< event.action, e.g. mail-collection
    std::vector<std::string> techniques;
    std::vector<std::string> tactics;
    std::uint64_t incident = 0;  ///< 0: belongs to no incident (honest work that is accounted for)
    std::uint64_t update = 0;
    bool closed = false;
    std::string title;
    Level level = Level::informational;
    std::string_view verdict;
    std::string_view stage;
    std::vector<std::string> mailboxes;  ///< sorted
    std::vector<std::string> objects;
    std::string who;
    std::vector<Step> steps;
    std::vector<std::string> reasons;
    std::vector<std::string> against;
    std::vector<std::string> weakened_by;
    std::vector<std::string> evidence;
    std::vector<std::string> settings;
    std::vector<std::string> next;
    std::uint64_t accesses = 0;
    Actor actor;
    std::string host;
    Timestamp time{};  ///< of the event that led to this finding or update
    Timestamp start{};
    Timestamp end{};
};

/// Copies a finding into the batch, which must have room.
void give(const Finding& finding, EventBatch& batch);

/// "root, really operator1 (loginuid 1007, session 12, SSH from 198.51.100.7, sudo 3 min earlier)".
std::string describe_who(const lineage::Process& process, const lineage::Lineage& lineage);

/// The same for a column: "root (operator1, ssh 198.51.100.7)", "root (cron)", "hr (dovecot)".
std::string describe_who_briefly(const lineage::Process& process, const lineage::Lineage& lineage);

/// How a person would name what a process runs: "bash /tmp/upd.sh", "curl -T - https://…"; cut at a
/// readable length.
std::string describe_command(const lineage::Process& process);

/// Adds `text` unless it is there already or `most` are.
void add_once(std::vector<std::string>& to, std::string text, std::size_t most);

}  // namespace mailvigil::detect

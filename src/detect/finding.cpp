#include "detect/finding.h"

#include <fmt/format.h>

#include <algorithm>

#include "detect/put_copy.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

namespace {

using lineage::Entrance;
using lineage::Lineage;
using lineage::Process;

constexpr std::size_t kCommandBytesMax = 120;

std::string_view entrance_word(Entrance entrance) {
    switch (entrance) {
        case Entrance::ssh:
            return "SSH";
        case Entrance::console:
            return "console";
        case Entrance::cron:
            return "cron";
        case Entrance::service:
            return "service manager";
        default:
            return {};
    }
}

std::string_view brief_entrance_word(Entrance entrance) {
    switch (entrance) {
        case Entrance::ssh:
            return "ssh";
        case Entrance::service:
            return "service";
        default:
            return entrance_word(entrance);
    }
}

std::string_view last_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// The topmost ancestor that is known to run something; null: there is none.
const Process* starter(const Process& process, const Lineage& lineage) {
    constexpr std::uint32_t kInit = 1;
    const Process* top = nullptr;
    lineage.ancestors(process, [&](const Process& ancestor) {
        if (ancestor.pid.value == kInit) {
            return false;
        }
        top = ancestor.executable.empty() ? top : &ancestor;
        return true;
    });
    return top;
}

/// Below /usr/lib the package says more than the program: dovecot of /usr/lib/dovecot/imap.
std::string_view package_or_program(std::string_view executable) {
    for (const std::string_view folder : {"/usr/lib/", "/usr/libexec/"}) {
        if (executable.starts_with(folder)) {
            const std::string_view below = executable.substr(folder.size());
            return below.substr(0, below.find('/'));
        }
    }
    return last_name(executable);
}

std::string describe_entrance(const lineage::Session& session) {
    const std::string_view word = entrance_word(session.entrance);
    if (word.empty()) {
        return session.entrance_program;
    }
    return session.from ? fmt::format("{} from {}", word, render(*session.from))
                        : std::string(word);
}

}  // namespace

std::string describe_who(const Process& process, const Lineage& lineage) {
    const std::string user = lineage.user_name(process.user.value);
    if (process.login_user == kUnset) {
        const Process* origin = starter(process, lineage);
        return origin == nullptr
                   ? fmt::format("{} (no login)", user)
                   : fmt::format("{} (no login, started by {})", user, origin->executable);
    }
    std::string details = fmt::format("loginuid {}", process.login_user);
    if (const lineage::Session* session = lineage.session(process); session != nullptr) {
        details += fmt::format(", session {}", session->id.value);
        const std::string entrance = describe_entrance(*session);
        if (!entrance.empty()) {
            details += fmt::format(", {}", entrance);
        }
        if (session->elevated != Timestamp{} && process.login_user != process.user.value) {
            details += fmt::format(", {} {} earlier",
                                   session->elevated_with,
                                   render_duration(process.seen - session->elevated));
        }
    }
    if (process.login_user == process.user.value) {
        return fmt::format("{} ({})", user, details);
    }
    return fmt::format("{}, really {} ({})", user, lineage.user_name(process.login_user), details);
}

std::string describe_who_briefly(const Process& process, const Lineage& lineage) {
    const std::string user = lineage.user_name(process.user.value);
    if (process.login_user == kUnset) {
        const Process* origin = starter(process, lineage);
        const std::string& program = origin == nullptr ? process.executable : origin->executable;
        return program.empty() ? fmt::format("{} (no login)", user)
                               : fmt::format("{} ({})", user, package_or_program(program));
    }
    std::string how;
    if (const lineage::Session* session = lineage.session(process); session != nullptr) {
        const std::string_view word = brief_entrance_word(session->entrance);
        how = word.empty() ? last_name(session->entrance_program) : word;
        if (session->from) {
            how += fmt::format("{}{}", how.empty() ? "from " : " ", render(*session->from));
        }
    }
    if (process.login_user != process.user.value) {
        const std::string login = lineage.user_name(process.login_user);
        return how.empty() ? fmt::format("{} ({})", user, login)
                           : fmt::format("{} ({}, {})", user, login, how);
    }
    return how.empty() ? user : fmt::format("{} ({})", user, how);
}

std::string describe_command(const Process& process) {
    std::string line = process.command_line();
    if (line.empty()) {
        line = process.name.empty() ? fmt::format("pid {}", process.pid.value) : process.name;
    }
    if (line.size() > kCommandBytesMax) {
        line.resize(kCommandBytesMax);
        line += "…";
    }
    return line;
}

void add_once(std::vector<std::string>& to, std::string text, std::size_t most) {
    if (to.size() < most && std::ranges::find(to, text) == to.end()) {
        to.push_back(std::move(text));
    }
}

void give(const Finding& finding, EventBatch& batch) {
    Arena& arena = batch.arena();
    Event& event = batch.add(EventClass::finding, finding.time);
    event.set_event_action(finding.action);
    event.set_event_outcome("success");
    event.set_rule_id(finding.rule_id);
    event.set_rule_name(finding.rule_name);
    event.set_threat_framework("MITRE ATT&CK");
    event.set_threat_version("18.1");
    put_copy(event, Field::threat_technique_id, finding.techniques, arena);
    put_copy(event, Field::threat_tactic_id, finding.tactics, arena);
    if (finding.incident != 0) {
        event.set_finding_incident(finding.incident);
        event.set_finding_update(finding.update);
        event.set_finding_state(finding.closed ? "closed" : "open");
        event.set_event_id(arena.copy(fmt::format("{}-{}", finding.incident, finding.update)));
    }
    put_copy(event, Field::finding_title, finding.title, arena);
    put_copy(event, Field::message, finding.title, arena);
    event.set_finding_level(to_text(finding.level));
    event.set_finding_verdict(finding.verdict);
    event.set_finding_stage(finding.stage);
    // Lists that a reader may rely on are there even when they are empty.
    event.set_finding_mailboxes(copy_texts(finding.mailboxes, arena));
    event.set_finding_reasons(copy_texts(finding.reasons, arena));
    event.set_finding_evidence(copy_texts(finding.evidence, arena));
    event.set_finding_settings(copy_texts(finding.settings, arena));
    put_copy(event, Field::finding_objects, finding.objects, arena);
    put_copy(event, Field::finding_who, finding.who, arena);
    std::vector<std::string> steps;
    for (const Step& step : finding.steps) {
        steps.push_back(fmt::format("{}: {}", step.label, step.text));
    }
    put_copy(event, Field::finding_did, steps, arena);
    put_copy(event, Field::finding_against, finding.against, arena);
    put_copy(event, Field::finding_weakened_by, finding.weakened_by, arena);
    put_copy(event, Field::finding_next, finding.next, arena);
    event.set_finding_accesses(finding.accesses);
    event.set_finding_start(finding.start);
    event.set_finding_end(finding.end);
    put_copy(event, Field::host_name, finding.host, arena);
    put_actor(finding.actor, event, arena);
}

}  // namespace mailvigil::detect

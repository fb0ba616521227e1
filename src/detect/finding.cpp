#include "detect/finding.h"

#include <fmt/format.h>

#include <algorithm>

#include "lineage/lineage.h"

namespace mailvigil::detect {

namespace {

using lineage::Entrance;
using lineage::Lineage;
using lineage::Process;

constexpr std::size_t kCommandBytesMax = 120;

std::span<const std::string_view> copy_texts(const std::vector<std::string>& texts, Arena& arena) {
    const auto views = arena.array<std::string_view>(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        views[i] = arena.copy(texts[i]);
    }
    return views;
}

void put_text(Event& event, Field field, std::string_view text, Arena& arena) {
    if (!text.empty()) {
        event.put(field, arena.copy(text));
    }
}

void put_texts(Event& event, Field field, const std::vector<std::string>& texts, Arena& arena) {
    if (!texts.empty()) {
        event.put(field, copy_texts(texts, arena));
    }
}

void put_actor(const Actor& actor, Event& event, Arena& arena) {
    put_text(event, Field::process_entity_id, actor.entity_id, arena);
    event.set_process_pid(actor.pid);
    if (actor.parent_pid != 0) {
        event.set_process_parent_pid(actor.parent_pid);
    }
    put_text(event, Field::process_executable, actor.executable, arena);
    put_text(event, Field::process_name, actor.name, arena);
    put_texts(event, Field::process_args, actor.args, arena);
    put_text(event, Field::process_command_line, actor.command_line, arena);
    put_text(event, Field::process_working_directory, actor.working_directory, arena);
    put_text(event, Field::process_script, actor.script, arena);
    put_texts(event, Field::process_ancestry, actor.ancestry, arena);
    event.set_user_id(actor.user);
    put_text(event, Field::user_name, actor.user_name, arena);
    if (actor.login_user) {
        event.set_login_user_id(*actor.login_user);
        put_text(event, Field::login_user_name, actor.login_user_name, arena);
    }
    if (actor.session) {
        event.set_session_id(*actor.session);
    }
}

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

std::string describe_entrance(const lineage::Session& session) {
    const std::string_view word = entrance_word(session.entrance);
    if (word.empty()) {
        return session.entrance_program;
    }
    return session.from ? fmt::format("{} from {}", word, render(*session.from))
                        : std::string(word);
}

}  // namespace

Actor actor_of(const Process& process, const Lineage& lineage) {
    Actor actor;
    actor.entity_id = process.entity_id();
    actor.pid = process.pid.value;
    actor.parent_pid = process.parent_pid;
    actor.executable = process.executable;
    actor.name = process.name;
    actor.args = process.args;
    actor.args_cut = process.args_cut;
    actor.command_line = process.command_line();
    actor.working_directory = process.working_directory;
    actor.script =
        process.script_kind == lineage::ScriptKind::file ? process.script : std::string();
    lineage.ancestors(process, [&](const Process& ancestor) {
        actor.ancestry.push_back(ancestor.executable.empty()
                                     ? fmt::format("pid {}", ancestor.pid.value)
                                     : ancestor.executable);
        return true;
    });
    actor.user = process.user.value;
    actor.user_name = lineage.known_user_name(process.user.value);
    if (process.login_user != kUnset) {
        actor.login_user = process.login_user;
        actor.login_user_name = lineage.known_user_name(process.login_user);
    }
    if (process.session.value != kUnset) {
        actor.session = process.session.value;
    }
    return actor;
}

std::string describe_who(const Process& process, const Lineage& lineage) {
    const std::string user = lineage.user_name(process.user.value);
    if (process.login_user == kUnset) {
        const Process& root = lineage.tree_root(process);
        const std::string origin = root.self == process.self
                                       ? std::string()
                                       : fmt::format(", started by {}", root.executable);
        return fmt::format("{} (no login{})", user, origin);
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
    put_texts(event, Field::threat_technique_id, finding.techniques, arena);
    put_texts(event, Field::threat_tactic_id, finding.tactics, arena);
    if (finding.incident != 0) {
        event.set_finding_incident(finding.incident);
        event.set_finding_update(finding.update);
        event.set_finding_state(finding.closed ? "closed" : "open");
        event.set_event_id(arena.copy(fmt::format("{}-{}", finding.incident, finding.update)));
    }
    put_text(event, Field::finding_title, finding.title, arena);
    put_text(event, Field::message, finding.title, arena);
    event.set_finding_level(to_text(finding.level));
    event.set_finding_verdict(finding.verdict);
    event.set_finding_stage(finding.stage);
    // Lists that a reader may rely on are there even when they are empty.
    event.set_finding_mailboxes(copy_texts(finding.mailboxes, arena));
    event.set_finding_reasons(copy_texts(finding.reasons, arena));
    event.set_finding_evidence(copy_texts(finding.evidence, arena));
    event.set_finding_settings(copy_texts(finding.settings, arena));
    put_texts(event, Field::finding_objects, finding.objects, arena);
    put_text(event, Field::finding_who, finding.who, arena);
    std::vector<std::string> steps;
    for (const Step& step : finding.steps) {
        steps.push_back(fmt::format("{}: {}", step.label, step.text));
    }
    put_texts(event, Field::finding_did, steps, arena);
    put_texts(event, Field::finding_against, finding.against, arena);
    put_texts(event, Field::finding_weakened_by, finding.weakened_by, arena);
    put_texts(event, Field::finding_next, finding.next, arena);
    event.set_finding_accesses(finding.accesses);
    event.set_finding_start(finding.start);
    event.set_finding_end(finding.end);
    put_text(event, Field::host_name, finding.host, arena);
    put_actor(finding.actor, event, arena);
}

}  // namespace mailvigil::detect

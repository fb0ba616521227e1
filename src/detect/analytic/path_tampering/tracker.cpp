#include "detect/analytic/path_tampering/tracker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/glob.h"
#include "base/path_map.h"
#include "detect/declared.h"

namespace mailvigil::detect::analytic::tampering {

namespace {

using lineage::Process;

std::string_view verb_of(const Event& event) {
    if (event.event_outcome() == "failure") {
        return "refused";
    }
    switch (event.event_class) {
        case EventClass::file_create:
            return "created";
        case EventClass::file_write:
            return "written";
        case EventClass::file_rename:
            return "replaced";
        case EventClass::file_link:
            return "linked";
        case EventClass::file_unlink:
            return "removed";
        case EventClass::file_attribute:
            return "attributes changed";
        default:
            return {};
    }
}

}  // namespace

Story& Tracker::story_of(const Process& process, Verdict verdict, Timestamp time) {
    const GroupKey key = group_of(process, context_.lineage);
    for (const auto& story : stories_) {
        if (story->key == key && story->verdict == verdict) {
            return *story;
        }
    }
    if (stories_.size() == kStoriesMax) {
        const auto oldest =
            std::ranges::min_element(stories_, {}, [](const auto& s) { return s->last; });
        if (auto finding = (*oldest)->update(time, true)) {
            context_.findings.push_back(std::move(*finding));
        }
        stories_.erase(oldest);
    }
    stories_.push_back(std::make_unique<Story>(key, verdict, process, context_, time));
    return *stories_.back();
}

void Tracker::tell(Story& story, Timestamp time) {
    if (auto finding = story.update(time, false)) {
        context_.findings.push_back(std::move(*finding));
    }
}

Tracker::Judgement Tracker::judge(const Process& process,
                                  std::string_view path,
                                  const mail::ConfigurationPlace& place,
                                  Timestamp time) {
    const Settings& settings = context_.knowledge.settings;
    const lineage::Lineage& lineage = context_.lineage;
    const Role* role = context_.facts.of(process).role;
    if (role != nullptr && role->verdict == RoleVerdict::change) {
        const bool managed = role->name.starts_with("configuration-management");
        const bool package = role->name == "package-manager" || role->name == "local-package";
        return {managed   ? Verdict::configuration_management
                : package ? Verdict::package
                          : Verdict::maintenance,
                fmt::format("role {}: {}", role->name, role->word)};
    }
    if (role != nullptr && role->verdict == RoleVerdict::service &&
        place.role != mail::ObjectRole::binary && place.role != mail::ObjectRole::plugin) {
        return {Verdict::service, fmt::format("role {}: {}", role->name, role->word)};
    }
    if (role != nullptr && role->verdict == RoleVerdict::maintenance) {
        return {Verdict::maintenance, fmt::format("role {}: {}", role->name, role->word)};
    }
    const Declaration* declaration = declared_change(settings, process, lineage, path, time);
    if (declaration == nullptr && place.role == mail::ObjectRole::user_filter) {
        // Who may handle a mailbox may handle the filters that belong to it.
        declaration = declared_mailbox(settings, process, lineage, place.user, time);
    }
    if (declaration != nullptr) {
        return {Verdict::administration, fmt::format("declared: {}", declaration->reason)};
    }
    const std::string user = lineage.user_name(process.effective_user.value);
    const bool own_login =
        process.login_user == kUnset || process.login_user == process.effective_user.value;
    if (place.role == mail::ObjectRole::user_filter && place.user == user && own_login) {
        return {Verdict::owner, fmt::format("{} changed their own filter", user)};
    }
    const bool in_window = std::ranges::any_of(
        settings.change_windows, [&](const ChangeWindow& window) { return window.contains(time); });
    if (in_window && process.login_user != kUnset) {
        return {Verdict::administration, "within a change window"};
    }
    const std::string hand =
        fmt::format("not by a package, configuration management or a declared reason{}",
                    settings.change_windows.empty() ? "" : ", and outside the change windows");
    return {Verdict::tampering, hand};
}

void Tracker::on_change(const Event& event,
                        const Process& process,
                        std::string_view path,
                        const mail::ConfigurationPlace& place,
                        std::string_view verb) {
    if (place.transient) {
        return;
    }
    Judgement judgement = judge(process, path, place, event.time);
    Story& story = story_of(process, judgement.verdict, event.time);
    story.add_change(path, place, verb, process, event);
    story.add_reason(std::move(judgement.reason));
    const Role* role = context_.facts.of(process).role;
    if (role != nullptr && role->told && role->verdict == RoleVerdict::change) {
        story.add_reason(fmt::format(
            "role {} rests on names that somebody else could claim as well", role->name));
        story.raise(Level::low);
    }
    const std::string user = context_.lineage.user_name(process.effective_user.value);
    if (judgement.verdict == Verdict::tampering && context_.knowledge.execution.is_account(user)) {
        story.add_reason(
            fmt::format("{} is the account of a service (UserContext): it has no reason to change "
                        "configuration",
                        user));
        story.raise(Level::high);
    }
    if (place.role == mail::ObjectRole::user_filter && !place.user.empty() && place.user != user) {
        story.add_reason(fmt::format("{} changed the filter of {}", user, place.user));
    }
    tell(story, event.time);
}

void Tracker::note_written(const Event& event, const Process& process, std::string_view path) {
    if (event.event_outcome() != "success") {
        return;
    }
    const Role* role = context_.facts.of(process).role;
    const bool honest = role != nullptr && (role->verdict == RoleVerdict::change ||
                                            role->verdict == RoleVerdict::service);
    const GroupKey key = group_of(process, context_.lineage);
    context_.written.note(
        path,
        {.session = key.session,
         .tree = key.tree,
         .time = event.time,
         .honest = honest,
         .user = process.login_user == kUnset ? process.user.value : process.login_user,
         .by = describe_who(process, context_.lineage)});
}

void Tracker::note_name(std::string_view path, std::string_view original) {
    if (names_.size() < kNamesMax && path.size() > 1 && path != original &&
        !context_.knowledge.configuration.locate(path)) {
        names_.insert_or_assign(std::string(path), std::string(original));
    }
}

std::string Tracker::earlier_name(std::string_view path) const {
    constexpr std::size_t kDepthMax = 8;
    std::string_view folder = path;
    for (std::size_t i = 0; !names_.empty() && i < kDepthMax && folder.size() > 1; ++i) {
        if (const auto found = names_.find(folder); found != names_.end()) {
            return found->second + std::string(path.substr(folder.size()));
        }
        folder = folder.substr(0, folder.rfind('/'));
    }
    return {};
}

void Tracker::on_file(const Event& event, const Process& process) {
    const std::string_view verb = verb_of(event);
    if (verb.empty()) {
        return;
    }
    const bool two_names =
        event.event_class == EventClass::file_rename || event.event_class == EventClass::file_link;
    const std::string_view path = two_names ? event.file_target_path() : event.file_path();
    const auto& configuration = context_.knowledge.configuration;
    const auto place = configuration.locate(path);
    if (place) {
        on_change(event, process, path, *place, verb);
        if (event.event_class == EventClass::file_create && event.has(Field::file_target_path)) {
            std::string leads_to;
            normalise_path(path.substr(0, path.rfind('/')), event.file_target_path(), leads_to);
            note_name(leads_to, path);
        }
    } else if (event.event_class == EventClass::file_create ||
               event.event_class == EventClass::file_write ||
               event.event_class == EventClass::file_rename) {
        const std::string earlier = earlier_name(path);
        if (const auto known = configuration.locate(earlier)) {
            on_change(event, process, earlier, *known, "written under another name");
        }
    }
    if (two_names && event.event_outcome() == "success" && !place) {
        const auto from = configuration.locate(event.file_path());
        // A file that was moved away is no longer what the mail system reads; a folder may come
        // back.
        const bool folder = (event.file_mode() & 0170000U) == 0040000U;
        if (from && !from->transient && (folder || event.event_class == EventClass::file_link)) {
            note_name(path, event.file_path());
        }
    }
    if (!place && event.event_class == EventClass::file_rename) {
        if (const auto old_place = configuration.locate(event.file_path())) {
            on_change(event, process, event.file_path(), *old_place, "moved away");
        }
    }
    const bool new_content = event.event_class == EventClass::file_create ||
                             event.event_class == EventClass::file_write || two_names;
    // Mailboxes, logs and the like are written all day and never run: only what could be run is
    // worth remembering.
    if (new_content &&
        (place || in_scratch(path) || path.starts_with("/usr/") || path.starts_with("/opt/") ||
         path.starts_with("/etc/") || path.starts_with("/home/") || path.starts_with("/root/") ||
         path.starts_with("/srv/") || path.starts_with("/var/lib/"))) {
        const bool mail = context_.knowledge.stores.locate(path, false).has_value();
        if (!mail) {
            note_written(event, process, path);
        }
    }
}

void Tracker::on_activation(const Event& event,
                            const Process& process,
                            const Activation& activation) {
    const GroupKey key = group_of(process, context_.lineage);
    const Duration window = context_.knowledge.settings.time_window;
    for (const auto& story : stories_) {
        const bool same_hand = story->key == key;
        if (story->last + window < event.time ||
            !(same_hand || story->verdict == Verdict::tampering)) {
            continue;
        }
        // A service manager's command names its unit; the software's own tools name themselves.
        std::string software = activation.software;
        if (software.empty()) {
            const bool named = std::ranges::any_of(process.args, [&](const std::string& argument) {
                return argument.find("postfix") != std::string::npos ||
                       argument.find("exim") != std::string::npos ||
                       argument.find("sendmail") != std::string::npos ||
                       argument.find("smtpd") != std::string::npos ||
                       argument.find("dovecot") != std::string::npos ||
                       argument.find("milter") != std::string::npos ||
                       argument.find("spam") != std::string::npos ||
                       argument.find("dkim") != std::string::npos ||
                       argument.find("amavis") != std::string::npos || argument == "daemon-reload";
            });
            if (!named && !same_hand) {
                continue;
            }
        } else if (!story->touches(software)) {
            continue;
        }
        story->add_activation(process, activation.does, same_hand, event);
        tell(*story, event.time);
    }
}

void Tracker::on_service(const Event& event) {
    if (event.event_action() != "SERVICE_START" || event.service_name().empty()) {
        return;
    }
    for (const auto& story : stories_) {
        if (story->verdict != Verdict::tampering ||
            story->last + context_.knowledge.settings.time_window < event.time) {
            continue;
        }
        std::string_view unit = event.service_name();
        unit = unit.substr(0, unit.find_first_of("@."));
        if (unit.size() > 2 && story->touches(unit)) {
            Process manager;
            manager.executable = fmt::format("systemd: start of {}", event.service_name());
            story->add_activation(manager, "the service manager started the unit", true, event);
            tell(*story, event.time);
        }
    }
}

std::string Tracker::software_of(std::string_view daemon) const {
    for (const std::string_view name :
         {"postfix", "exim", "sendmail", "opensmtpd", "dovecot", "courier", "cyrus"}) {
        if (daemon.find(name) != std::string::npos) {
            return std::string(name);
        }
    }
    return daemon.ends_with("/smtpd") ? "opensmtpd" : std::string();
}

void Tracker::on_unexpected(const Event& event,
                            const Process& process,
                            std::string_view daemon,
                            std::string_view program) {
    std::uint64_t runs = 1;
    if (unexpected_.size() < kProgramsMax || unexpected_.contains(std::string(program))) {
        runs = ++unexpected_[std::string(program)];
    }
    const Written* written = context_.written.find(program);
    if (written != nullptr && written->honest) {
        return;
    }
    // A planted script's own programs are part of its run.
    const auto part_of = std::ranges::find_if(
        stories_, [&](const auto& story) { return story->has_told_of(process); });
    if (part_of != stories_.end()) {
        return;
    }
    const Duration window = context_.knowledge.settings.time_window;
    const std::string software = software_of(daemon);
    Story* match = nullptr;
    std::string how;
    for (const auto& story : stories_) {
        const bool suspect =
            story->verdict == Verdict::tampering || story->verdict == Verdict::owner;
        if (!suspect || story->last + window < event.time) {
            continue;
        }
        if (written != nullptr && story->key == GroupKey{written->session, written->tree}) {
            match = story.get();
            how = fmt::format(
                "{} was written {} earlier by the same hand that changed the configuration",
                program,
                render_duration(event.time - written->time));
            break;
        }
        if (match == nullptr && story->touches(software)) {
            match = story.get();
            how = fmt::format(
                "unexpected script execution: {} never ran {} before in this log, {} after the "
                "change",
                base_name(daemon),
                program,
                render_duration(event.time - story->first_change()));
        }
    }
    if (match != nullptr) {
        match->add_execution(process, daemon, program, std::move(how), event);
        tell(*match, event.time);
        return;
    }
    // No change was seen: the program may be older than the log, unless it was written within it or
    // lies where anybody may write.
    if (runs < context_.knowledge.settings.exec_frequency_threshold) {
        return;
    }
    Story& story = story_of(process, Verdict::tampering, event.time);
    story.add_execution(
        process,
        daemon,
        program,
        fmt::format(
            "unexpected script execution: {} is not among the programs that {} is known to run "
            "({} in this log, ExecFrequencyThreshold {})",
            program,
            base_name(daemon),
            runs,
            context_.knowledge.settings.exec_frequency_threshold),
        event);
    story.raise(Level::low);
    if (in_scratch(program)) {
        story.add_reason("it lies in a folder where anybody may write");
        story.raise(Level::high);
    }
    if (written != nullptr) {
        // A user's own program in the user's own delivery: whoever is that user may do it.
        const bool own = written->user == process.effective_user.value && written->user != 0 &&
                         !context_.knowledge.execution.is_account(
                             context_.lineage.known_user_name(written->user));
        story.add_reason(fmt::format("it was written {} earlier by {}",
                                     render_duration(event.time - written->time),
                                     written->by));
        story.raise(own ? Level::low : Level::high);
    }
    const auto& uses = context_.facts.of(process).uses;
    const bool reaches_out = std::ranges::any_of(uses, [](const CommandUse& use) {
        return use.act == Act::upload || use.act == Act::transfer || use.act == Act::serve ||
               use.act == Act::download;
    });
    if (reaches_out) {
        story.add_reason(
            "it is a tool that fetches or sends, with no script of the site around it");
        story.raise(Level::high);
    }
    tell(story, event.time);
}

// The command itself says which configuration it changes: what it hides from file watches (a mount
// over it) counts as well.
void Tracker::on_edit_command(const Event& event,
                              const Process& process,
                              const Activation& activation) {
    for (std::size_t i = 1; i < process.args.size(); ++i) {
        const std::string& argument = process.args[i];
        if (!argument.starts_with('/')) {
            continue;
        }
        if (const auto place = context_.knowledge.configuration.locate(argument)) {
            on_change(event, process, argument, *place, activation.does);
        }
    }
}

void Tracker::on_exec(const Event& event, const Process& process) {
    if (const Activation* activation = context_.knowledge.activations.find(process)) {
        if (activation->kind == ActivationKind::edit) {
            on_edit_command(event, process, *activation);
        }
        on_activation(event, process, *activation);
    }
    const MailExecution& execution = context_.knowledge.execution;
    if (execution.is_daemon(process.executable) ||
        process.script_kind == lineage::ScriptKind::inline_text) {
        return;
    }
    const bool runs_file = process.script_kind == lineage::ScriptKind::file;
    const std::string& program = runs_file ? process.script : process.executable;
    if (execution.is_expected(program)) {
        return;
    }
    const std::string daemon = execution.daemon_behind(process, context_.lineage);
    if (!daemon.empty()) {
        on_unexpected(event, process, daemon, program);
    }
}

void Tracker::apply(const Event& event, const Process* process) {
    if (event.event_class == EventClass::service) {
        on_service(event);
        return;
    }
    if (process == nullptr) {
        return;
    }
    if (event.event_class == EventClass::process_start) {
        if (!event.has(Field::process_child_pid)) {
            on_exec(event, *process);
        }
        return;
    }
    on_file(event, *process);
}

void Tracker::pass_time(Timestamp now) {
    // A clock that was set back starts the count anew.
    swept_ = std::min(swept_, now);
    if (now < swept_ + std::chrono::seconds(1)) {
        return;
    }
    swept_ = now;
    const Duration window = context_.knowledge.settings.time_window;
    std::erase_if(stories_, [&](const auto& story) {
        if (story->last + window >= now) {
            return false;
        }
        if (auto finding = story->update(now, true)) {
            context_.findings.push_back(std::move(*finding));
        }
        return true;
    });
}

void Tracker::finish() {
    for (const auto& story : stories_) {
        if (auto finding = story->update(story->last, true)) {
            context_.findings.push_back(std::move(*finding));
        }
    }
    stories_.clear();
}

}  // namespace mailvigil::detect::analytic::tampering

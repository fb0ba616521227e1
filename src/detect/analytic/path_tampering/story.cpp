#include "detect/analytic/path_tampering/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "detect/settings_in_force.h"

namespace mailvigil::detect::analytic::tampering {

namespace {

/// A catalogue's word as a person writes it: "user filter".
std::string words(std::string_view name) {
    std::string text(name);
    std::ranges::replace(text, '_', ' ');
    return text;
}

}  // namespace

std::string_view to_text(Stage stage) {
    constexpr std::array<std::string_view, 3> kWords = {"change", "activate", "observed"};
    return kWords[static_cast<std::size_t>(stage)];
}

std::string_view to_text(Verdict verdict) {
    constexpr std::array<std::string_view, 7> kWords = {"tampering",
                                                        "owner",
                                                        "administration",
                                                        "package",
                                                        "configuration-management",
                                                        "maintenance",
                                                        "service"};
    return kWords[static_cast<std::size_t>(verdict)];
}

Story::Story(GroupKey new_key,
             Verdict new_verdict,
             const lineage::Process& actor,
             const Context& context,
             Timestamp time)
    : key(new_key),
      verdict(new_verdict),
      last(time),
      context_(context),
      first_(time),
      actor_(actor_of(actor, context.lineage)),
      who_(describe_who(actor, context.lineage)),
      inferred_(actor.parent_inferred),
      incident_(context) {
    incident_.take_part(actor);
}

void Story::add_evidence(std::string_view event_id) {
    if (!event_id.empty()) {
        add_once(evidence_, std::string(event_id), kEvidenceMax);
    }
}

void Story::add_change(std::string_view path,
                       const mail::ConfigurationPlace& place,
                       std::string_view verb,
                       const lineage::Process& process,
                       const Event& event) {
    last = event.time;
    incident_.take_part(process);
    add_once(commands_, describe_command(process), kStepsMax);
    auto found = objects_.find(std::string(path));
    if (found == objects_.end()) {
        if (objects_.size() == kObjectsMax) {
            return;
        }
        const Level severity = parse_level(place.severity).value_or(Level::medium);
        found = objects_
                    .emplace(std::string(path),
                             Object{std::string(place.software),
                                    place.role,
                                    {},
                                    std::string(place.means),
                                    std::string(place.activation),
                                    severity,
                                    std::string(place.user),
                                    objects_.size()})
                    .first;
        add_evidence(event.event_id());
        add_evidence(process.exec_event);
    }
    std::string& verbs = found->second.verbs;
    if (verbs.find(verb) == std::string::npos) {
        verbs += verbs.empty() ? "" : ", ";
        verbs += verb;
    }
}

void Story::add_activation(const lineage::Process& process,
                           std::string_view does,
                           bool same_hand,
                           const Event& event) {
    last = event.time;
    stage_ = std::max(stage_, Stage::activate);
    incident_.take_part(process);
    add_once(activations_, fmt::format("{} ({})", describe_command(process), does), kStepsMax);
    add_evidence(event.event_id());
    if (!same_hand) {
        add_reason("put into effect from another session");
    }
}

void Story::add_execution(const lineage::Process& process,
                          std::string_view daemon,
                          std::string_view program,
                          std::string how,
                          const Event& event) {
    constexpr std::size_t kRanMax = 64;
    last = event.time;
    ++executions;
    incident_.take_part(process);
    stage_ = Stage::observed;
    add_evidence(event.event_id());
    if (ran_.size() == kRanMax) {
        ran_.erase(ran_.begin());
    }
    ran_.push_back(process.self);
    const auto known = std::ranges::find(observed_, program, &Run::program);
    if (known != observed_.end()) {
        ++known->count;
        return;
    }
    if (observed_.size() < kStepsMax) {
        observed_.push_back({std::string(program),
                             fmt::format("{} ran {} as {}",
                                         daemon,
                                         describe_command(process),
                                         context_.lineage.user_name(process.effective_user.value)),
                             1});
    }
    add_reason(std::move(how));
}

bool Story::has_told_of(const lineage::Process& process) const {
    return std::ranges::any_of(ran_, [&](lineage::ProcessRef ran) {
        return ran == process.self || ran == process.parent;
    });
}

bool Story::touches(std::string_view software) const {
    return software.empty() || std::ranges::any_of(objects_, [&](const auto& entry) {
               return entry.second.software == software || entry.second.software.empty() ||
                      entry.second.software == "mail" || entry.second.software == "systemd";
           });
}

Level Story::level() const {
    switch (verdict) {
        case Verdict::package:
        case Verdict::configuration_management:
        case Verdict::maintenance:
        case Verdict::service:
            return floor_;
        case Verdict::administration:
            return Level::low;
        case Verdict::owner:
            return stage_ == Stage::observed ? Level::medium : Level::low;
        case Verdict::tampering:
            break;
    }
    if (objects_.empty()) {
        return floor_;
    }
    if (stage_ == Stage::observed &&
        executions >= context_.knowledge.settings.exec_frequency_threshold) {
        return Level::critical;
    }
    Level level = floor_;
    for (const auto& [path, object] : objects_) {
        level = std::max(level, object.severity);
    }
    return std::min(level, Level::high);
}

std::vector<const Story::Changed*> Story::changes() const {
    std::vector<const Changed*> changes;
    for (const Changed& change : objects_) {
        changes.push_back(&change);
    }
    std::ranges::sort(changes, {}, [](const Changed* change) {
        return std::pair(-static_cast<int>(change->second.severity), change->second.order);
    });
    return changes;
}

std::string Story::title() const {
    if (objects_.empty()) {
        return observed_.empty()
                   ? "The mail system ran a program that it is not known to run"
                   : fmt::format("Unexpected script execution: {}", observed_.front().text);
    }
    std::string what = changes().front()->first;
    if (objects_.size() > 1) {
        what += fmt::format(" and {} more", objects_.size() - 1);
    }
    switch (stage_) {
        case Stage::observed:
            return fmt::format(
                "The path of mail was changed ({}) and the mail system ran what was planted", what);
        case Stage::activate:
            return fmt::format("The path of mail was changed ({}) and put into effect", what);
        case Stage::change:
            break;
    }
    return fmt::format("The path of mail was changed: {}", what);
}

// Objects of one kind that mean the same stand together: the meaning is told once.
std::vector<Step> Story::steps() const {
    std::vector<Step> steps;
    const std::vector<const Changed*> changed = changes();
    const std::size_t shown = std::min(changed.size(), kStepsMax);
    for (std::size_t i = 0; i < shown; ++i) {
        const Object& object = changed[i]->second;
        steps.push_back({"change",
                         fmt::format("{} ({} {}): {}",
                                     changed[i]->first,
                                     object.software,
                                     words(mail::to_text(object.role)),
                                     object.verbs)});
        const bool same_next = i + 1 < shown && changed[i + 1]->second.means == object.means;
        if (!object.means.empty() && !same_next) {
            steps.push_back({"means", fmt::format("{}; live {}", object.means, object.activation)});
        }
    }
    if (changed.size() > shown) {
        steps.push_back({"change", fmt::format("and {} more", changed.size() - shown)});
    }
    for (const std::string& command : commands_) {
        steps.push_back({"with", command});
    }
    for (const std::string& activation : activations_) {
        steps.push_back({"live by", activation});
    }
    for (const Run& run : observed_) {
        steps.push_back(
            {"then", run.count == 1 ? run.text : fmt::format("{}, {} times", run.text, run.count)});
    }
    return steps;
}

Finding Story::finding(Timestamp time, bool closing) const {
    Finding finding;
    finding.rule_id = "AN0473";
    finding.rule_name = "Mail path tampering";
    finding.action = objects_.empty() ? "unexpected-script-execution" : "mail-path-change";
    finding.techniques = {"T1505.002"};
    finding.tactics = {"TA0003"};
    finding.incident = incident_.number();
    finding.update = incident_.updates();
    finding.closed = closing;
    finding.title = title();
    finding.level = level();
    finding.verdict = to_text(verdict);
    finding.stage = to_text(stage_);
    for (const auto& [path, object] : objects_) {
        finding.objects.push_back(path);
        if (!object.user.empty()) {
            add_once(finding.mailboxes, object.user, 64);
        }
    }
    finding.who = who_;
    finding.steps = steps();
    finding.reasons = reasons_;
    if (verdict != Verdict::tampering) {
        finding.against = reasons_;
    }
    finding.weakened_by = context_.gaps.touching(first_, last);
    finding.weakened_by.emplace_back(
        "the audit log shows that a file was changed, not what was written into it");
    if (inferred_) {
        finding.weakened_by.emplace_back(
            "forks are not in the log: a subshell's parent was inferred from its session");
    }
    finding.evidence = evidence_;
    finding.settings = settings_in_force(context_.knowledge, rule_settings::kTampering);
    const Timestamp from =
        std::chrono::floor<std::chrono::seconds>(first_ - std::chrono::minutes(5));
    const Timestamp until = std::chrono::ceil<std::chrono::seconds>(last + std::chrono::minutes(5));
    finding.next.push_back(fmt::format("mailvigil replay --explain --since {} --until {} LOG",
                                       render_utc_seconds(from),
                                       render_utc_seconds(until)));
    if (!objects_.empty()) {
        finding.next.push_back(fmt::format("compare {} with your backup or version control",
                                           changes().front()->first));
    }
    finding.actor = actor_;
    finding.host = context_.host;
    finding.time = time;
    finding.start = first_;
    finding.end = last;
    return finding;
}

std::optional<Finding> Story::update(Timestamp time, bool closing) {
    const Level now = level();
    const bool accounted = context_.record.is_kept() && closing;
    const bool told = now != Level::informational || accounted;
    if (!told || !incident_.advance({now, static_cast<unsigned>(stage_), closing})) {
        return {};
    }
    return finding(time, closing);
}

}  // namespace mailvigil::detect::analytic::tampering

#include "detect/analytic/mail_collection/collection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "detect/settings_in_force.h"

namespace mailvigil::detect::analytic::collection {

namespace {

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
    return fmt::format("{}", fmt::join(texts, separator));
}

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

std::string_view to_text(Stage stage) {
    constexpr std::array<std::string_view, 4> kWords = {
        "access", "enumerate", "stage", "exfiltrate"};
    return kWords[static_cast<std::size_t>(stage)];
}

Collection::Collection(GroupKey new_key,
                       Verdict new_kind,
                       const lineage::Process& first,
                       const Context& context,
                       Timestamp time)
    : key(new_key),
      kind(new_kind),
      last(time),
      login_user(first.login_user),
      user(first.user.value),
      context_(context),
      first_(time),
      incident_(context) {
    show(first);
}

void Collection::show(const lineage::Process& process) {
    actor_ = actor_of(process, context_.lineage);
    who_ = describe_who(process, context_.lineage);
    inferred_ = inferred_ || process.parent_inferred;
    incident_.take_part(process);
}

void Collection::add_evidence(std::string_view event_id) {
    if (event_id.empty() || (!evidence_.empty() && evidence_.back() == event_id)) {
        return;
    }
    if (evidence_.size() == kEvidenceMax) {
        ++evidence_more_;
        return;
    }
    add_once(evidence_, std::string(event_id), kEvidenceMax);
}

bool Collection::add_access(const mail::StorePlace& place,
                            AccessClass access_class,
                            bool own,
                            const Event& event) {
    if (claims_only_) {
        drop_claims();
    }
    auto& table = own ? own_ : others_;
    const std::string name = place.mailbox();
    auto found = table.find(name);
    if (found == table.end()) {
        if (table.size() == kMailboxesMax) {
            return false;
        }
        found =
            table.emplace(name, Mailbox{std::string(place.root), place.software, 0, 0, 0, 0}).first;
        add_evidence(event.event_id());
    }
    Mailbox& mailbox = found->second;
    const bool was_read = mailbox.is_read();
    switch (access_class) {
        case AccessClass::list:
            ++mailbox.lists;
            break;
        case AccessClass::read:
            if (mailbox.reads++ == 0) {
                add_evidence(event.event_id());
            }
            break;
        case AccessClass::change:
            ++mailbox.changes;
            others_changed_ = others_changed_ || !own;
            break;
        case AccessClass::denied:
            ++mailbox.denials;
            break;
    }
    const bool fresh = !own && !was_read && mailbox.is_read();
    others_read_ += fresh ? 1 : 0;
    live_read_ = live_read_ || fresh;
    last = event.time;
    return fresh;
}

// The log shows opened files after all: what command lines said is no longer needed.
void Collection::drop_claims() {
    std::erase_if(others_, [](const auto& entry) { return entry.second.claimed; });
    others_read_ = 0;
    claims_only_ = false;
}

void Collection::add_held(const Origin& origin, const Event& event) {
    for (const Origin::Mailbox& from : origin.mailboxes) {
        Mailbox& mailbox = others_[from.name];
        mailbox.store = from.store;
        mailbox.software = from.software;
        others_read_ += mailbox.is_read() ? 0 : 1;
        ++mailbox.reads;
    }
    live_read_ = live_read_ || !origin.maintenance;
    add_evidence(event.event_id());
    last = event.time;
}

void Collection::widen(std::size_t breadth) {
    breadth_ = std::max(breadth_, breadth);
}

void Collection::hand_over(HeldMail& held, Timestamp time) const {
    if (kind != Verdict::collection || others_read_ == 0 || artefacts_.empty()) {
        return;
    }
    const std::uint64_t id = held.open(who_, !live_read_, time);
    for (const auto& [name, mailbox] : others_) {
        if (mailbox.is_read()) {
            held.add_mailbox(id, name, mailbox.store, mailbox.software);
        }
    }
    for (const std::string& path : artefacts_) {
        held.add_file(path, id);
    }
}

void Collection::add_claim(const mail::StorePlace& place, const Event& event) {
    const bool shown = others_read_ != 0 && !claims_only_;
    if (shown || (others_.size() == kMailboxesMax && !others_.contains(place.mailbox()))) {
        return;
    }
    Mailbox& mailbox = others_[place.mailbox()];
    mailbox.store.assign(place.root);
    mailbox.software = place.software;
    others_read_ += mailbox.is_read() ? 0 : 1;
    mailbox.claimed = true;
    claims_only_ = true;
    live_read_ = true;
    add_evidence(event.event_id());
    last = event.time;
}

void Collection::add_command(const lineage::Process& process) {
    incident_.take_part(process);
    std::string command = describe_command(process);
    if (std::ranges::find(commands_, command) != commands_.end()) {
        return;
    }
    add_evidence(process.exec_event);
    if (commands_.size() == kStepsMax) {
        ++more_commands_;
        return;
    }
    commands_.push_back(std::move(command));
}

void Collection::add_artefact(std::string_view path, std::string_view how, const Event& event) {
    if (std::ranges::find(artefacts_, path) != artefacts_.end() ||
        artefacts_.size() == kArtefactsMax) {
        return;
    }
    artefacts_.emplace_back(path);
    add_once(staging_, fmt::format("{} → {}", how, path), kStepsMax);
    add_evidence(event.event_id());
    last = event.time;
}

void Collection::add_staging(Act act, std::string text, const Event& event) {
    archived_ = archived_ || act == Act::archive;
    if (!text.empty()) {
        add_once(staging_, std::move(text), kStepsMax);
    }
    add_evidence(event.event_id());
    last = event.time;
}

void Collection::add_way_out(
    Act act, Tie tie, std::string text, std::string reason, const Event& event) {
    best_way_out_ = std::max(best_way_out_.value_or(tie), tie);
    uploaded_ = uploaded_ || act == Act::upload;
    add_once(ways_out_, std::move(text), kStepsMax);
    add_reason(std::move(reason));
    add_evidence(event.event_id());
    last = event.time;
}

void Collection::taint(const lineage::Process& process) {
    // Only those that started last can be of one pipeline with what comes now.
    if (tainted_.size() == kTaintedMax) {
        tainted_.erase(tainted_.begin(), tainted_.begin() + kTaintedMax / 2);
    }
    tainted_.push_back(process.exec_time == Timestamp{} ? process.start : process.exec_time);
}

bool Collection::has_tainted_near(Timestamp time, Duration span) const {
    return std::ranges::any_of(tainted_, [&](Timestamp started) {
        return started <= time + span && time <= started + span;
    });
}

Stage Collection::stage() const {
    if (kind == Verdict::maintenance) {
        return Stage::access;
    }
    if (best_way_out_) {
        return Stage::exfiltrate;
    }
    if (!staging_.empty()) {
        return Stage::stage;
    }
    const bool many = std::max({others_read_, others_.size(), breadth_}) >=
                      context_.knowledge.settings.mailboxes_to_harvest;
    return many ? Stage::enumerate : Stage::access;
}

Level Collection::level() const {
    if (kind == Verdict::maintenance) {
        return Level::low;
    }
    const std::size_t read = others_read_;
    if (read == 0 && others_.empty()) {
        if (!best_way_out_) {
            return Level::informational;
        }
        // One's own mail may leave; a tool made for uploads is how a stolen account would do it.
        return uploaded_ && *best_way_out_ == Tie::flow ? Level::medium : Level::low;
    }
    if (read == 0) {
        const bool many = others_.size() >= context_.knowledge.settings.mailboxes_to_harvest;
        return others_changed_ || many ? Level::low : Level::informational;
    }
    if (!live_read_) {
        // Whoever restores a file opens the backup.
        return best_way_out_ ? Level::high : Level::low;
    }
    if (best_way_out_) {
        return *best_way_out_ == Tie::flow ? Level::critical : Level::high;
    }
    const std::size_t breadth = std::max(read, breadth_);
    if (!staging_.empty() || breadth >= context_.knowledge.settings.mailboxes_to_harvest) {
        return Level::high;
    }
    return Level::medium;
}

std::vector<std::string> Collection::mailboxes() const {
    std::vector<std::string> names;
    const auto& table = others_.empty() ? own_ : others_;
    const bool any_read = others_read_ > 0;
    for (const auto& [name, mailbox] : table) {
        if (mailbox.is_read() || !any_read) {
            names.push_back(name);
        }
    }
    return names;
}

std::string Collection::people(std::size_t shown_max) const {
    std::vector<std::string> names = mailboxes();
    const std::size_t all = names.size();
    if (all > shown_max) {
        names.resize(shown_max);
        return fmt::format("{} and {} more", join(names, ", "), all - shown_max);
    }
    return join(names, ", ");
}

std::string Collection::title() const {
    const std::vector<std::string> names = mailboxes();
    const std::string whose = names.size() == 1 ? names[0] : fmt::format("{} people", names.size());
    if (kind == Verdict::maintenance) {
        return fmt::format("A backup takes mail of {} off this host, undeclared", whose);
    }
    if (others_.empty()) {
        return best_way_out_ ? fmt::format("{} sent mail of their own out", whose)
                             : fmt::format("{} read mail of their own", whose);
    }
    switch (stage()) {
        case Stage::exfiltrate:
            return fmt::format(
                "Mail of {} was collected and {}",
                whose,
                *best_way_out_ == Tie::flow ? "sent out" : "something was sent out soon after");
        case Stage::stage:
            return fmt::format("Mail of {} was collected and set aside", whose);
        case Stage::enumerate:
            if (breadth_ > names.size()) {
                return fmt::format(
                    "Mail of {} was opened, of {} people in a day by one hand", whose, breadth_);
            }
            return fmt::format("Mailboxes of {} were {} by one hand",
                               whose,
                               others_read_ > 0 ? "opened" : "listed");
        case Stage::access:
            break;
    }
    return others_read_ > 0
               ? fmt::format("Mail of {} was opened by somebody else", whose)
               : fmt::format("The mailbox of {} was listed or changed by somebody else", whose);
}

std::vector<Step> Collection::steps() const {
    std::vector<Step> steps;
    const auto& table = others_.empty() ? own_ : others_;
    Mailbox sum;
    for (const auto& [name, mailbox] : table) {
        sum.reads += mailbox.reads;
        sum.lists += mailbox.lists;
        sum.changes += mailbox.changes;
        sum.denials += mailbox.denials;
        sum.software = mailbox.software;
    }
    std::vector<std::string> what;
    if (sum.reads != 0) {
        what.push_back(fmt::format("{} opened", count_of(sum.reads, "file", "files")));
    }
    if (claims_only_) {
        what.emplace_back("named on the command line");
    }
    if (sum.lists != 0) {
        what.push_back(fmt::format("{} listed", count_of(sum.lists, "folder", "folders")));
    }
    if (sum.changes != 0) {
        what.push_back(fmt::format("{} changed", count_of(sum.changes, "file", "files")));
    }
    if (sum.denials != 0) {
        what.push_back(fmt::format("{} refused", count_of(sum.denials, "attempt", "attempts")));
    }
    steps.push_back({sum.reads != 0 || claims_only_ ? "read" : "touched",
                     fmt::format("{}: {} ({}), in {}",
                                 people(12),
                                 join(what, ", "),
                                 sum.software,
                                 render_duration(last - first_))});
    if (!commands_.empty()) {
        std::string with = join(commands_, " · ");
        if (more_commands_ != 0) {
            with += fmt::format(" · and {} more", more_commands_);
        }
        steps.push_back({"with", std::move(with)});
    }
    if (!staging_.empty()) {
        steps.push_back({"staged", join(staging_, " · ")});
    }
    if (!ways_out_.empty()) {
        steps.push_back({"sent", join(ways_out_, " · ")});
    }
    return steps;
}

std::vector<std::string> Collection::techniques() const {
    std::vector<std::string> ids = {"T1114"};
    if (archived_) {
        ids.emplace_back("T1560.001");
    }
    if (!artefacts_.empty()) {
        ids.emplace_back("T1074.001");
    }
    if (best_way_out_) {
        ids.emplace_back("T1048");
    }
    return ids;
}

Finding Collection::finding(Timestamp time, bool closing) const {
    Finding finding;
    finding.rule_id = "AN1310";
    finding.rule_name = "Local mail collection";
    finding.action = "mail-collection";
    finding.techniques = techniques();
    finding.tactics = {"TA0009"};
    if (best_way_out_) {
        finding.tactics.emplace_back("TA0010");
    }
    finding.incident = incident_.number();
    finding.update = incident_.updates();
    finding.closed = closing;
    finding.title = title();
    finding.level = level();
    finding.verdict = others_.empty() ? "owner" : to_text(kind);
    finding.stage = to_text(stage());
    finding.mailboxes = mailboxes();
    for (const auto& [name, mailbox] : others_.empty() ? own_ : others_) {
        add_once(finding.objects, mailbox.store, 32);
    }
    finding.who = who_;
    finding.steps = steps();
    finding.reasons = reasons_;
    if (others_read_ >= context_.knowledge.settings.mailboxes_to_harvest) {
        finding.reasons.insert(finding.reasons.begin(),
                               fmt::format("one {} opened the mail of {} owners",
                                           key.session == kUnset ? "process tree" : "session",
                                           others_read_));
    }
    if (breadth_ > others_read_ && breadth_ >= context_.knowledge.settings.mailboxes_to_harvest) {
        finding.reasons.insert(finding.reasons.begin(),
                               fmt::format("the same hand opened the mail of {} owners within {}",
                                           breadth_,
                                           render_duration(kHarvestMemory)));
    }
    if (others_.empty()) {
        finding.against.emplace_back("it is the actor's own mail");
    }
    if (kind == Verdict::maintenance) {
        finding.against = reasons_;
        finding.next.emplace_back("declare it in mailvigil.yml (declarations) if it is yours");
    }
    finding.weakened_by = context_.gaps.touching(first_, last);
    if (inferred_) {
        finding.weakened_by.emplace_back(
            "forks are not in the log: a subshell's parent was inferred from its session");
    }
    if (claims_only_) {
        finding.weakened_by.emplace_back(
            "the log shows no opened files: what was read is what command lines say");
    }
    if (actor_.args_cut) {
        finding.weakened_by.emplace_back("the command line is longer than what is kept of it");
    }
    if (actor_.args.empty()) {
        finding.weakened_by.emplace_back(
            "the start of the reading process is not in the log: its arguments are unknown");
    }
    finding.evidence = evidence_;
    if (evidence_more_ != 0) {
        finding.evidence.push_back(fmt::format("and {} more records", evidence_more_));
    }
    finding.settings = settings_in_force(context_.knowledge, rule_settings::kCollection);
    const Timestamp from =
        std::chrono::floor<std::chrono::seconds>(first_ - std::chrono::minutes(5));
    const Timestamp until = std::chrono::ceil<std::chrono::seconds>(last + std::chrono::minutes(5));
    finding.next.push_back(fmt::format("mailvigil replay --explain --since {} --until {} LOG",
                                       render_utc_seconds(from),
                                       render_utc_seconds(until)));
    if (key.session != kUnset) {
        finding.next.push_back(fmt::format("ausearch --session {} -i -if LOG", key.session));
    }
    for (const auto& [name, mailbox] : others_) {
        finding.accesses += mailbox.reads + mailbox.lists + mailbox.changes + mailbox.denials;
    }
    for (const auto& [name, mailbox] : own_) {
        finding.accesses += mailbox.reads + mailbox.lists + mailbox.changes + mailbox.denials;
    }
    finding.actor = actor_;
    finding.host = context_.host;
    finding.time = time;
    finding.start = first_;
    finding.end = last;
    return finding;
}

std::optional<Finding> Collection::update(Timestamp time, bool closing) {
    const Level now = level();
    const bool sent_more = ways_out_.size() != told_ways_out_;
    if (now == Level::informational ||
        !incident_.advance({now, static_cast<unsigned>(stage()), closing || sent_more})) {
        return {};
    }
    told_ways_out_ = ways_out_.size();
    return finding(time, closing);
}

}  // namespace mailvigil::detect::analytic::collection

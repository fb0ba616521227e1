#include "detect/analytic/mail_collection/tracker.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "detect/analytic/mail_collection/destination.h"
#include "detect/analytic/mail_collection/flow.h"
#include "detect/declared.h"
#include "detect/put_copy.h"

namespace mailvigil::detect::analytic::collection {

namespace {

using lineage::Process;

constexpr std::uint64_t kFileType = 0170000;
constexpr std::uint64_t kDirectory = 0040000;

bool is_directory(const Event& event) {
    return event.has(Field::file_mode) && (event.file_mode() & kFileType) == kDirectory;
}

AccessClass class_of(const Event& event, const mail::StorePlace& place) {
    if (event.event_outcome() == "failure") {
        return AccessClass::denied;
    }
    if (place.kind == mail::ObjectKind::directory) {
        return AccessClass::list;
    }
    switch (event.event_class) {
        case EventClass::file_open:
        case EventClass::file_read:
            return AccessClass::read;
        case EventClass::file_write:
            // Opened for both: a mail client updating its flags, or an editor.
            return (event.file_open_flags() & O_ACCMODE) == O_RDWR ? AccessClass::read
                                                                   : AccessClass::change;
        default:
            return AccessClass::change;
    }
}

}  // namespace

Tracker::Tracker(const Context& context)
    : context_(context),
      judge_(context_),
      accesses_([this](const Access& access) { record_access(access); }) {}

Tracker::Trail& Tracker::trail_of(const Process& process) {
    if (process.self.slot >= trails_.size()) {
        trails_.resize(process.self.slot + 1);
    }
    Trail& trail = trails_[process.self.slot];
    if (trail.process != process.self) {
        trail = {};
        trail.process = process.self;
    }
    return trail;
}

Collection& Tracker::collection_of(const Process& process, Verdict kind, Timestamp time) {
    const GroupKey key = group_of(process, context_.lineage);
    for (const auto& collection : collections_) {
        if (collection->key == key && collection->kind == kind) {
            return *collection;
        }
    }
    if (collections_.size() == kCollectionsMax) {
        const auto oldest =
            std::ranges::min_element(collections_, {}, [](const auto& c) { return c->last; });
        close(**oldest, time);
        (*oldest)->hand_over(held_, time);
        collections_.erase(oldest);
    }
    collections_.push_back(std::make_unique<Collection>(key, kind, process, context_, time));
    tell_author(*collections_.back(), process, time);
    return *collections_.back();
}

// What runs with no person behind it was put there by one.
void Tracker::tell_author(Collection& collection, const Process& process, Timestamp time) {
    const auto consider = [&](const Process& candidate) {
        const bool script = candidate.script_kind == lineage::ScriptKind::file;
        const std::string& program = script ? candidate.script : candidate.executable;
        const Written* written = context_.written.find(program);
        if (written != nullptr && !written->honest) {
            collection.add_reason(fmt::format("{} was written {} earlier by {}",
                                              program,
                                              render_duration(time - written->time),
                                              written->by));
        }
        return true;
    };
    consider(process);
    context_.lineage.ancestors(process, consider);
}

void Tracker::suspect(const Event& event,
                      const Process& process,
                      const mail::StorePlace& place,
                      Access& access) {
    const bool own = access.verdict == Verdict::owner;
    Collection& collection = collection_of(process, Verdict::collection, event.time);
    access.part_of = collection.kind;
    access.key = collection.key;
    const bool fresh = collection.add_access(place, access.access_class, own, event);
    if (fresh) {
        collection.widen(harvests_.note(process, place.mailbox(), event.time));
    }
    if (!own) {
        collection.add_reason(judge_.explain_collection(process));
    }
    const bool holds_content = access.access_class == AccessClass::read;
    if (holds_content && !trail_of(process).carries) {
        taint(collection, process, event);
    } else if (!holds_content) {
        collection.add_command(process);
    }
    tell(collection, event.time);
}

Access& Tracker::note_access(const Event& event,
                             const Process& process,
                             const mail::StorePlace& place,
                             AccessClass access_class,
                             bool& fresh) {
    Access& access = accesses_.note(process.self, place.mailbox(), access_class, fresh);
    access.last = event.time;
    if (event.event_count() > 1) {
        access.count += event.event_count() - 1;
    }
    if (event.has(Field::file_size)) {
        access.bytes = access.bytes.value_or(0) + event.file_size();
    }
    if (!fresh) {
        return access;
    }
    const Judgement judgement = judge_.judge(process, place, event);
    access.verdict = judgement.verdict;
    access.reason = judgement.reason;
    access.store.assign(place.root);
    access.format = place.format == nullptr ? std::string_view() : place.format->name;
    access.first = event.time;
    access.first_event.assign(event.event_id());
    if (context_.record.is_kept()) {
        access.who = std::make_unique<Access::Who>(
            Access::Who{identity_of(process, context_.lineage),
                        describe_who_briefly(process, context_.lineage)});
    }
    return access;
}

void Tracker::on_store(const Event& event, const Process& process, const mail::StorePlace& place) {
    store_events_seen_ = true;
    if (place.kind == mail::ObjectKind::control || place.kind == mail::ObjectKind::transient) {
        return;
    }
    const AccessClass access_class = class_of(event, place);
    bool fresh = false;
    Access& access = note_access(event, process, place, access_class, fresh);
    const Role* role = context_.facts.of(process).role;
    if (access.verdict == Verdict::maintenance && access_class == AccessClass::read) {
        if (fresh) {
            carry(process, place, event);
        }
        account_maintenance(event, process, place, access, fresh);
    } else if (access.verdict == Verdict::collection ||
               (access.verdict == Verdict::owner && role == nullptr &&
                access_class == AccessClass::read)) {
        suspect(event, process, place, access);
    }
}

// What a backup wrote holds mail, whoever opens it later.
void Tracker::carry(const Process& process, const mail::StorePlace& place, const Event& event) {
    Trail& trail = trail_of(process);
    if (trail.origin == 0) {
        trail.origin = held_.open(describe_who(process, context_.lineage), true, event.time);
        for (const std::string& path : trail.created) {
            held_.add_file(path, trail.origin);
        }
        for (const CommandUse& use : context_.facts.of(process).uses) {
            for (const std::string& output : use.outputs) {
                held_.add_file(full_path(process, output), trail.origin);
            }
        }
    }
    held_.add_mailbox(trail.origin, place.mailbox(), place.root, place.software);
}

void Tracker::recall(std::string_view path, const Process& process, const Event& event) {
    const Origin* origin = held_.find(path);
    const Role* role = origin == nullptr ? nullptr : context_.facts.of(process).role;
    if (origin == nullptr || (role != nullptr && role->verdict != RoleVerdict::owner_only)) {
        return;
    }
    Collection& collection = collection_of(process, Verdict::collection, event.time);
    collection.add_held(*origin, event);
    for (const Origin::Mailbox& mailbox : origin->mailboxes) {
        collection.widen(harvests_.note(process, mailbox.name, event.time));
    }
    collection.add_reason(fmt::format("{} holds mail since {} earlier, by {}",
                                      path,
                                      render_duration(event.time - origin->time),
                                      origin->by));
    artefacts_.insert_or_assign(std::string(path), collection.key);
    taint(collection, process, event);
    tell(collection, event.time);
}

// A backup is honest work, but what it carries off the host should be declared: until then each run
// that does is worth a line.
void Tracker::account_maintenance(const Event& event,
                                  const Process& process,
                                  const mail::StorePlace& place,
                                  Access& access,
                                  bool fresh) {
    const Facts& facts = context_.facts.of(process);
    const auto leaves = std::ranges::find_if(facts.uses, [&](const CommandUse& use) {
        return is_way_out(use.act) && !stays_here(use, context_.knowledge.settings);
    });
    if (facts.role == nullptr || leaves == facts.uses.end() ||
        declared_mailbox(
            context_.knowledge.settings, process, context_.lineage, place.mailbox(), event.time) !=
            nullptr) {
        return;
    }
    Collection& collection = collection_of(process, Verdict::maintenance, event.time);
    access.part_of = collection.kind;
    access.key = collection.key;
    collection.add_access(place, AccessClass::read, false, event);
    if (fresh) {
        collection.add_command(process);
        collection.add_reason(
            fmt::format("role {}: {}; it takes mail to {} and nobody declared that",
                        facts.role->name,
                        facts.role->word,
                        leaves->destination));
    }
    tell(collection, event.time);
}

void Tracker::on_new_file(const Event& event, const Process& process, std::string_view path) {
    if (event.event_outcome() != "success" || is_bookkeeping(path) || is_directory(event)) {
        return;
    }
    if (Collection* collection = carried_by(process)) {
        artefacts_.insert_or_assign(std::string(path), collection->key);
        collection->add_artefact(path, process.name, event);
        tell(*collection, event.time);
        return;
    }
    Trail& trail = trail_of(process);
    if (trail.origin != 0) {
        held_.add_file(path, trail.origin);
    } else if (event.event_class == EventClass::file_create) {
        held_.drop_file(path);
    }
    if (trail.created.size() == kCreatedMax) {
        trail.created.erase(trail.created.begin());
    }
    trail.created.emplace_back(path);
}

void Tracker::on_moved_file(const Event& event, const Process& process) {
    if (event.event_outcome() == "failure") {
        return;
    }
    context_.facts.note_copy(event.file_path(), event.file_target_path());
    const std::string_view target = event.file_target_path();
    held_.move_file(event.file_path(), target);
    if (Collection* collection = holding(event.file_path())) {
        artefacts_.insert_or_assign(std::string(target), collection->key);
        collection->add_artefact(target, process.name, event);
        tell(*collection, event.time);
    }
    note_second_name(event, process, event.file_path(), target);
}

// A second name outside the store for a mailbox: reading it later would touch no store.
void Tracker::note_second_name(const Event& event,
                               const Process& process,
                               std::string_view path,
                               std::string_view target) {
    const auto from = context_.knowledge.stores.locate(path, is_directory(event));
    if (from && !context_.knowledge.stores.locate(target, false) &&
        event.event_outcome() == "success") {
        bool fresh = false;
        Access& access = note_access(event, process, *from, AccessClass::read, fresh);
        if (access.verdict == Verdict::collection) {
            suspect(event, process, *from, access);
            Collection& collection = collection_of(process, Verdict::collection, event.time);
            artefacts_.insert_or_assign(std::string(target), collection.key);
            collection.add_artefact(target, process.name, event);
            tell(collection, event.time);
        }
    }
}

// The same file under another name: through /proc/PID/root, or a symbolic link or mount that the
// log does not show. What was seen under its own name before is known by its inode.
std::string_view Tracker::store_path(const Event& event) {
    std::string_view path = event.file_path();
    if (path.starts_with("/proc/")) {
        constexpr std::string_view kRoot = "/root/";
        const std::size_t pid_end = path.find('/', std::string_view("/proc/").size());
        if (pid_end != std::string_view::npos && path.substr(pid_end).starts_with(kRoot)) {
            path.remove_prefix(pid_end + kRoot.size() - 1);
        }
    }
    if (!event.has(Field::file_inode)) {
        return path;
    }
    const std::uint64_t file =
        event.file_inode() ^ (std::hash<std::string_view>{}(event.file_device()) << 1U);
    Inode& known = inodes_[file % inodes_.size()];
    if (context_.knowledge.stores.locate(path, is_directory(event))) {
        if (known.file != file) {
            known.file = file;
            known.path.assign(path);
        }
        return path;
    }
    if (known.file == file && event.event_class == EventClass::file_unlink) {
        known = {};
    }
    return known.file == file ? std::string_view(known.path) : path;
}

void Tracker::on_file(const Event& event, const Process& process) {
    const std::string_view path = store_path(event);
    if (event.event_class == EventClass::file_rename ||
        event.event_class == EventClass::file_link) {
        on_moved_file(event, process);
        const auto onto =
            context_.knowledge.stores.locate(event.file_target_path(), is_directory(event));
        const auto from = context_.knowledge.stores.locate(path, is_directory(event));
        if (onto && !from) {
            on_store(event, process, *onto);  // a mailbox was put in place of another
            return;
        }
        if (event.event_class == EventClass::file_link) {
            return;
        }
    }
    if (const auto place = context_.knowledge.stores.locate(path, is_directory(event))) {
        on_store(event, process, *place);
        return;
    }
    switch (event.event_class) {
        case EventClass::file_create:
        case EventClass::file_write:
            if (const std::string_view says = event.file_target_path(); says.starts_with('/')) {
                note_second_name(event, process, says, path);
            }
            on_new_file(event, process, path);
            break;
        case EventClass::file_open:
        case EventClass::file_read:
            if (Collection* collection = holding(path);
                collection != nullptr && !is_directory(event)) {
                taint(*collection, process, event);
            } else if (collection == nullptr && !is_directory(event)) {
                recall(path, process, event);
            }
            break;
        case EventClass::file_unlink:
            held_.drop_file(path);
            break;
        default:
            break;
    }
}

// Without watches on the mail directories the log shows programs but no opened files: then a
// command line that names a mailbox is taken at its word.
void Tracker::claim_accesses(const Process& process, const CommandUse& use, const Event& event) {
    if (store_events_seen_) {
        return;
    }
    const Role* role = context_.facts.of(process).role;
    if (role != nullptr && role->verdict == RoleVerdict::service) {
        return;
    }
    for (const std::string& source : use.sources) {
        const std::string path = full_path(process, source);
        const auto place = context_.knowledge.stores.locate(path, false);
        if (!place) {
            continue;
        }
        const Judgement judgement = judge_.judge(process, *place, event);
        if (judgement.verdict != Verdict::collection || use.act == Act::enumerate) {
            continue;
        }
        Collection& collection = collection_of(process, Verdict::collection, event.time);
        collection.add_claim(*place, event);
        collection.add_reason(judge_.explain_collection(process));
        taint(collection, process, event);
        tell(collection, event.time);
    }
}

void Tracker::on_exec(const Event& event, const Process& process) {
    const Facts& facts = context_.facts.of(process);
    if (facts.role != nullptr && facts.role->verdict == RoleVerdict::service &&
        facts.uses.empty()) {
        return;
    }
    const std::vector<CommandUse> uses = facts.uses;
    for (const CommandUse& use : uses) {
        if (use.standard_input && (is_staging(use.act) || is_way_out(use.act))) {
            if (consumers_.size() == kConsumersMax) {
                consumers_.pop_front();
            }
            consumers_.push_back(
                {process.self, group_of(process, context_.lineage), process.exec_time});
            break;
        }
    }
    for (const CommandUse& use : uses) {
        claim_accesses(process, use, event);
        for (const std::string& source : use.sources) {
            const std::string path = full_path(process, source);
            if (use.act != Act::enumerate && use.act != Act::inspect && holding(path) == nullptr) {
                recall(path, process, event);
            }
        }
    }
    const auto& added = context_.knowledge.settings.process_name_list.add;
    const std::string_view name =
        std::string_view(process.executable).substr(process.executable.rfind('/') + 1);
    if (std::ranges::find(added, name) != added.end()) {
        CommandUse use;
        use.tool = name;
        use.act = Act::upload;
        use.standard_input = true;
        use.opaque = true;
        use.because = "named in ProcessNameList";
        consider_way_out(process, use, event);
    }
    consider_uses(process, event);
    const std::vector<lineage::ProcessRef> fed = std::exchange(to_taint_, {});
    for (const lineage::ProcessRef ref : fed) {
        const Process* other = context_.lineage.find(ref);
        std::string reason;
        for (const CommandUse& use : uses) {
            Collection* collection = other == nullptr ? nullptr : flow_into(*other, use, reason);
            if (collection != nullptr && !trail_of(*other).carries) {
                taint(*collection, *other, event);
            }
        }
    }
}

void Tracker::on_connection(const Event& event, const Process& process) {
    constexpr std::uint64_t kDns = 53;
    const bool reaches_out = event.has(Field::destination_ip) &&
                             event.event_outcome() == "success" && event.event_action() != "bind" &&
                             event.destination_port() != 0 && event.destination_port() != kDns &&
                             !stays_here(event.destination_ip(), context_.knowledge.settings);
    if (!reaches_out) {
        return;
    }
    const Role* role = context_.facts.of(process).role;
    if (role != nullptr && role->verdict != RoleVerdict::owner_only) {
        return;
    }
    const std::string to =
        fmt::format("{}:{}", render(event.destination_ip()), event.destination_port());
    Trail& trail = trail_of(process);
    trail.connected = to;
    trail.connected_time = event.time;
    trail.connected_event.assign(event.event_id());
    const std::string text = fmt::format("{} → {}", process.name, to);
    if (Collection* collection = carried_by(process)) {
        collection->add_way_out(
            Act::upload,
            Tie::flow,
            text,
            fmt::format("{} connected to {} with the mail in hand", process.name, to),
            event);
        tell(*collection, event.time);
        return;
    }
    std::string reason;
    const bool told = !trail.sent_with.empty() && trail.sent_with == process.exec_event;
    if (!told && !in_scratch(process.executable)) {
        return;
    }
    if (Collection* collection = recent(process, event.time, reason)) {
        collection->add_command(process);
        collection->add_way_out(
            Act::upload,
            Tie::session,
            text,
            told ? fmt::format("{} connected to {}", process.name, to)
                 : fmt::format("{}, a program in a scratch folder, connected to {}; {}",
                               process.executable,
                               to,
                               reason),
            event);
        tell(*collection, event.time);
    }
}

void Tracker::apply(const Event& event, const Process* process) {
    if (process == nullptr) {
        return;
    }
    switch (event.event_class) {
        case EventClass::process_start:
            if (!event.has(Field::process_child_pid)) {
                accesses_.complete(process->self);
                on_exec(event, *process);
            }
            break;
        case EventClass::process_exit:
            accesses_.complete(process->self);
            break;
        case EventClass::network_connection:
            on_connection(event, *process);
            break;
        case EventClass::file_open:
        case EventClass::file_read:
        case EventClass::file_write:
        case EventClass::file_create:
        case EventClass::file_rename:
        case EventClass::file_link:
        case EventClass::file_unlink:
        case EventClass::file_attribute:
            on_file(event, *process);
            break;
        default:
            break;
    }
}

void Tracker::record_access(const Access& access) {
    if (access.who == nullptr) {
        return;
    }
    std::uint64_t incident = access.incident;
    for (const auto& collection : collections_) {
        if (access.part_of == collection->kind && access.key == collection->key) {
            incident = collection->incident();
        }
    }
    Event& event = context_.record.begin(EventClass::access, access.first);
    Arena& arena = context_.record.arena();
    put_copy(event, Field::event_id, access.first_event, arena);
    put_copy(event, Field::host_name, context_.host, arena);
    event.set_access_class(to_text(access.access_class));
    put_copy(event, Field::access_mailbox, access.mailbox, arena);
    event.set_finding_verdict(to_text(access.verdict));
    const std::string_view reasons[] = {access.reason};
    event.set_finding_reasons(reasons);
    put_copy(event, Field::finding_who, access.who->description, arena);
    put_copy(event, Field::file_path, access.store, arena);
    event.set_store_format(access.format);
    event.set_finding_accesses(access.count);
    event.set_finding_end(access.last);
    if (access.bytes) {
        event.set_file_size(*access.bytes);
    }
    if (incident != 0) {
        event.set_finding_incident(incident);
    }
    put_identity(access.who->identity, event, arena);
    if (access.who->identity.login_user == access.who->identity.user) {
        event.remove(Field::login_user_name);
    }
    context_.record.give();
}

// The last word on a collection.
void Tracker::close(Collection& collection, Timestamp time) {
    if (auto finding = collection.update(time, true)) {
        context_.findings.push_back(std::move(*finding));
    }
    if (collection.incident() != 0) {
        accesses_.assign(collection.key, collection.kind, collection.incident());
    }
}

void Tracker::pass_time(Timestamp now) {
    // A clock that was set back starts the count anew.
    swept_ = std::min(swept_, now);
    if (now < swept_ + std::chrono::seconds(1)) {
        return;
    }
    swept_ = now;
    held_.expire(now);
    const Duration window = context_.knowledge.settings.time_window;
    std::erase_if(collections_, [&](const auto& collection) {
        if (collection->last + window >= now) {
            return false;
        }
        close(*collection, now);
        collection->hand_over(held_, now);
        std::erase_if(artefacts_,
                      [&](const auto& entry) { return entry.second == collection->key; });
        return true;
    });
}

void Tracker::forget(const Process& process) {
    accesses_.complete(process.self);
}

void Tracker::finish() {
    for (const auto& collection : collections_) {
        close(*collection, collection->last);
    }
    collections_.clear();
    artefacts_.clear();
    accesses_.finish();
}

}  // namespace mailvigil::detect::analytic::collection

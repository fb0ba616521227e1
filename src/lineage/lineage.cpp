#include "lineage/lineage.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/path_map.h"

namespace mailvigil::lineage {

namespace {

constexpr std::uint32_t kInit = 1;

void assign(std::string& to, std::string_view from) {
    if (to != from) {
        to.assign(from);
    }
}

/// The parent that the event names; 0: none, or one that cannot be.
std::uint32_t possible_parent(const Event& event, std::uint32_t pid) {
    const std::uint64_t parent = event.process_parent_pid();
    return parent > Lineage::kPidMax || parent == pid ? 0 : static_cast<std::uint32_t>(parent);
}

}  // namespace

Lineage::Lineage(const InterpreterTable& interpreters)
    : interpreters_(interpreters), pages_((kPidMax >> kPageBits) + 1) {}

std::uint32_t& Lineage::slot_of(std::uint32_t pid) {
    auto& page = pages_[pid >> kPageBits];
    constexpr std::size_t kPage = std::size_t{1} << kPageBits;
    if (page == nullptr) {
        page = std::make_unique_for_overwrite<std::uint32_t[]>(kPage);
        std::fill_n(page.get(), kPage, kNoSlot);
    }
    return page[pid & (kPage - 1)];
}

void Lineage::unlink(std::uint32_t slot) {
    Slot& entry = *slots_[slot];
    (entry.older == kNoSlot ? oldest_ : slots_[entry.older]->newer) = entry.newer;
    (entry.newer == kNoSlot ? newest_ : slots_[entry.newer]->older) = entry.older;
}

void Lineage::touch(std::uint32_t slot) {
    if (newest_ == slot) {
        return;
    }
    Slot& entry = *slots_[slot];
    unlink(slot);
    entry.older = newest_;
    entry.newer = kNoSlot;
    (newest_ == kNoSlot ? oldest_ : slots_[newest_]->newer) = slot;
    newest_ = slot;
}

void Lineage::evict_oldest() {
    const std::uint32_t slot = oldest_;
    Slot& entry = *slots_[slot];
    if (evicted_) {
        evicted_(entry.process);
    }
    std::uint32_t& at = slot_of(entry.process.pid.value);
    if (at == slot) {
        at = kNoSlot;
    }
    unlink(slot);
    entry.used = false;
    ++entry.generation;
    free_.push_back(slot);
    --live_;
    ++counts_.processes_evicted;
}

Process& Lineage::create(std::uint32_t pid, Timestamp time) {
    if (live_ == kProcessesMax) {
        evict_oldest();
    }
    std::uint32_t slot = 0;
    if (free_.empty()) {
        slot = static_cast<std::uint32_t>(slots_.size());
        slots_.push_back(std::make_unique<Slot>());
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    Slot& entry = *slots_[slot];
    const std::uint32_t generation = entry.generation;
    entry.process = Process{};
    entry.process.self = {slot, generation};
    entry.process.pid = Pid{pid};
    entry.process.start = entry.process.seen = time;
    entry.used = true;
    entry.older = newest_;
    entry.newer = kNoSlot;
    (newest_ == kNoSlot ? oldest_ : slots_[newest_]->newer) = slot;
    newest_ = slot;
    slot_of(pid) = slot;
    ++live_;
    ++counts_.processes;
    return entry.process;
}

const Process* Lineage::find(ProcessRef ref) const {
    if (ref.slot >= slots_.size()) {
        return nullptr;
    }
    const Slot& slot = *slots_[ref.slot];
    return slot.used && slot.generation == ref.generation ? &slot.process : nullptr;
}

// A parent that nobody saw fork or exec is a subshell, or older than the log. Within a session its
// own parent is most likely the process that started others last.
Process& Lineage::parent_of(std::uint32_t pid, const Event& event) {
    const std::uint32_t slot = slot_of(pid);
    if (slot != kNoSlot && !slots_[slot]->process.ended) {
        touch(slot);
        return slots_[slot]->process;
    }
    Process& process = create(pid, event.time);
    if (event.has(Field::session_id)) {
        process.session = SessionId{static_cast<std::uint32_t>(event.session_id())};
        process.login_user = static_cast<std::uint32_t>(event.login_user_id());
        const auto session = sessions_.find(process.session.value);
        if (session != sessions_.end()) {
            const Process* latest = find(session->second.latest_parent);
            if (latest != nullptr && latest->self != process.self) {
                process.parent = latest->self;
                process.parent_inferred = true;
                process.executable = latest->executable;
                process.name = latest->name;
            }
        }
    }
    return process;
}

Process& Lineage::resolve(const Event& event, std::uint32_t pid) {
    const std::uint32_t slot = slot_of(pid);
    const std::uint32_t parent_pid = possible_parent(event, pid);
    if (slot != kNoSlot) {
        Process& known = slots_[slot]->process;
        const bool same_parent = parent_pid == 0 || known.parent_pid == 0 ||
                                 parent_pid == known.parent_pid || parent_pid == kInit;
        // A subreaper may adopt a process: then it still runs the same program in the same session.
        const bool adopted =
            known.session.value == (event.has(Field::session_id) ? event.session_id() : kUnset) &&
            known.executable == event.process_executable();
        if (!known.ended && (same_parent || adopted)) {
            touch(slot);
            known.detached = known.detached || (parent_pid == kInit && known.parent_pid > kInit);
            if (known.parent_pid == 0 && parent_pid != 0) {
                known.parent = parent_of(parent_pid, event).self;
                known.parent_inferred = false;
                known.parent_pid = parent_pid;
            }
            return slots_[slot_of(pid)]->process;
        }
    }
    ProcessRef parent;
    if (parent_pid != 0) {
        parent = parent_of(parent_pid, event).self;
    }
    Process& process = create(pid, event.time);
    process.parent = parent;
    process.parent_pid = parent_pid;
    // A fork runs its parent's program on; an exec will say otherwise.
    if (const Process* from = find(parent);
        from != nullptr && from->executable == event.process_executable()) {
        process.args = from->args;
        process.script_kind = from->script_kind;
        process.script = from->script;
        process.interpreter = from->interpreter;
        process.exec_event = from->exec_event;
        process.working_directory = from->working_directory;
    }
    return process;
}

void Lineage::learn_name(std::uint64_t id, std::string_view name) {
    if (name.empty() || names_.size() >= kNamesMax) {
        return;
    }
    names_.try_emplace(static_cast<std::uint32_t>(id), name);
}

void Lineage::take_identity(Process& process, const Event& event) {
    process.seen = event.time;
    process.user = Uid{static_cast<std::uint32_t>(event.user_id())};
    process.effective_user = Uid{static_cast<std::uint32_t>(event.user_effective_id())};
    if (event.has(Field::login_user_id)) {
        process.login_user = static_cast<std::uint32_t>(event.login_user_id());
    }
    if (event.has(Field::session_id)) {
        process.session = SessionId{static_cast<std::uint32_t>(event.session_id())};
    }
    if (event.has(Field::process_executable)) {
        assign(process.executable, event.process_executable());
    }
    if (event.has(Field::process_name)) {
        assign(process.name, event.process_name());
    }
    if (event.has(Field::process_tty)) {
        assign(process.terminal, event.process_tty());
    }
}

void Lineage::take_exec(Process& process, const Event& event) {
    process.args.clear();
    std::size_t bytes = 0;
    for (const std::string_view argument : event.process_args()) {
        if (process.args.size() == kArgumentsMax || bytes >= kCommandBytesMax) {
            break;
        }
        // A long argument must not push the others out: padding would hide what follows it.
        process.args.emplace_back(argument.substr(0, kArgumentBytesMax));
        bytes += process.args.back().size();
    }
    process.args_cut =
        process.args.size() < event.process_args().size() ||
        std::ranges::any_of(
            event.process_args(),
            [](std::string_view argument) { return argument.size() > kArgumentBytesMax; });
    process.working_directory.assign(event.process_working_directory());
    process.exec_event.assign(event.event_id());
    process.exec_time = event.time;
    const Script script = interpreters_.script_of(
        event.process_executable(), event.file_path(), event.process_args());
    process.script_kind = script.kind;
    process.interpreter.assign(script.interpreter);
    process.script.clear();
    if (script.kind == ScriptKind::file) {
        normalise_path(process.working_directory, script.text, process.script);
    } else {
        process.script.assign(script.text.substr(0, kArgumentBytesMax));
    }
    ProcessRef parent = process.parent;
    if (process.session.value != kUnset && parent) {
        session_of(process.session, event.time).latest_parent = parent;
    }
    // Those who start others are worth remembering as long as their children.
    for (std::size_t i = 0; i < 8; ++i) {
        const Process* ancestor = find(parent);
        if (ancestor == nullptr) {
            break;
        }
        touch(ancestor->self.slot);
        parent = ancestor->parent;
    }
    touch(process.self.slot);
}

void Lineage::take_fork(const Process& parent, const Event& event) {
    if (event.process_child_pid() == 0 || event.process_child_pid() > kPidMax) {
        ++counts_.impossible_pids;
        return;
    }
    const auto child_pid = static_cast<std::uint32_t>(event.process_child_pid());
    const Process from = parent;
    Process& child = create(child_pid, event.time);
    const ProcessRef self = child.self;
    child = from;
    child.self = self;
    child.pid = Pid{child_pid};
    child.parent = from.self;
    child.parent_pid = from.pid.value;
    child.parent_inferred = false;
    child.start = child.seen = event.time;
    child.ended = false;
}

// After a boot the same pids and session ids are other processes and other logins.
void Lineage::take_boot() {
    for (std::uint32_t slot = oldest_; slot != kNoSlot; slot = slots_[slot]->newer) {
        slots_[slot]->process.ended = true;
    }
    sessions_.clear();
}

Process* Lineage::apply(const Event& event) {
    if (event.event_class == EventClass::service && event.event_action() == "SYSTEM_BOOT") {
        take_boot();
        return nullptr;
    }
    learn_name(event.user_id(),
               event.event_class == EventClass::session ? std::string_view() : event.user_name());
    if (event.has(Field::login_user_id)) {
        learn_name(event.login_user_id(), event.login_user_name());
    }
    Process* process = nullptr;
    const auto pid = event.process_pid();
    if (pid > kPidMax) {
        ++counts_.impossible_pids;
    } else if (pid > kInit) {
        process = &resolve(event, static_cast<std::uint32_t>(pid));
    }
    if (event.event_class == EventClass::session) {
        if (process != nullptr && process->executable.empty()) {
            process->executable.assign(event.process_executable());
        }
        if (process != nullptr && event.event_action() == "LOGIN") {
            process->login_user = static_cast<std::uint32_t>(event.login_user_id());
            process->session = SessionId{static_cast<std::uint32_t>(event.session_id())};
        }
        take_session(event, process);
        return process;
    }
    if (process == nullptr) {
        return nullptr;
    }
    take_identity(*process, event);
    if (event.event_class == EventClass::process_start) {
        if (event.has(Field::process_child_pid)) {
            const ProcessRef self = process->self;
            take_fork(*process, event);
            return find(self) == nullptr ? nullptr : &slots_[self.slot]->process;
        }
        take_exec(*process, event);
    } else if (event.event_class == EventClass::process_exit) {
        process->ended = true;
    }
    return process;
}

void Lineage::ancestors(const Process& process,
                        const std::function<bool(const Process&)>& visit) const {
    const Process* at = parent(process);
    for (std::size_t i = 0; at != nullptr && i < kAncestorsMax; ++i) {
        if (!visit(*at)) {
            return;
        }
        at = parent(*at);
    }
}

const Process& Lineage::tree_root(const Process& process) const {
    const Process* root = &process;
    ancestors(process, [&](const Process& ancestor) {
        if (ancestor.pid.value == kInit) {
            return false;
        }
        root = &ancestor;
        return true;
    });
    return *root;
}

const Session* Lineage::session(SessionId id) const {
    const auto found = sessions_.find(id.value);
    return found == sessions_.end() ? nullptr : &found->second;
}

std::string_view Lineage::known_user_name(std::uint32_t id) const {
    const auto found = names_.find(id);
    return found == names_.end() ? std::string_view(id == 0 ? "root" : "")
                                 : std::string_view(found->second);
}

std::string Lineage::user_name(std::uint32_t id) const {
    const std::string_view known = known_user_name(id);
    return known.empty() ? fmt::format("uid {}", id) : std::string(known);
}

}  // namespace mailvigil::lineage

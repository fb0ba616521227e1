#include "ingest/adapter/linux_audit/normalise.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/strong_id.h"
#include "ingest/adapter/linux_audit/socket_address.h"

namespace mailvigil::ingest::adapter::audit_log {

namespace {

/// O_PATH of asm-generic/fcntl.h, which glibc shows to GNU sources only.
constexpr std::uint64_t kOpenPath = 010000000;

/// Of the failed calls only those that were denied tell of somebody trying.
bool is_denial(std::int64_t exit) {
    return exit == -EACCES || exit == -EPERM;
}

const PathRecord* last_of(const Assembly& assembly, NameType type) {
    const PathRecord* found = nullptr;
    for (const PathRecord& path : assembly.paths) {
        if (path.type == type && (found == nullptr || path.item > found->item)) {
            found = &path;
        }
    }
    return found;
}

/// The record of what the call acted on: not its parent directory.
const PathRecord* target_of(const Assembly& assembly) {
    const PathRecord* found = nullptr;
    for (const PathRecord& path : assembly.paths) {
        if (path.type != NameType::parent && (found == nullptr || path.item > found->item)) {
            found = &path;
        }
    }
    return found;
}

}  // namespace

std::string_view UserNames::name(std::string_view node,
                                 std::uint32_t id,
                                 std::string_view body,
                                 std::string_view key) {
    // The same id is somebody else on another machine.
    const std::uint64_t machine = node.empty() ? 0 : std::hash<std::string_view>{}(node) << 32U;
    const std::uint64_t who = machine ^ id;
    auto& [recent_who, recent_name] = recent_[id % recent_.size()];
    if (recent_name != nullptr && recent_who == who) {
        return *recent_name;
    }
    auto known = names_.find(who);
    if (known == names_.end()) {
        const std::string_view found = enriched_value(body, key);
        if (found.empty() || found == "unset" || found.starts_with("unknown(") ||
            names_.size() == kNamesMax) {
            return {};
        }
        known = names_.emplace(who, found).first;
    }
    recent_who = who;
    recent_name = &known->second;
    return known->second;
}

void Normaliser::set_identity(const Assembly& assembly, Event& event, EventBatch& batch) {
    event.set_event_id(assembly.id);
    event.set_event_action(assembly.call.name);
    event.set_event_outcome(assembly.succeeded ? "success" : "failure");
    if (!assembly.succeeded && assembly.exit < 0) {
        event.set_event_reason(is_denial(assembly.exit) ? "permission denied" : "failed");
    }
    if (!assembly.node.empty()) {
        event.set_host_name(assembly.node);
    }
    event.set_process_pid(assembly.pid);
    event.set_process_parent_pid(assembly.parent_pid);
    event.set_user_id(assembly.user);
    event.set_user_effective_id(assembly.effective_user);
    event.set_user_group_id(assembly.group);
    const std::string_view user =
        names_.name(assembly.node, assembly.user, assembly.syscall_body, "UID");
    if (!user.empty()) {
        event.set_user_name(user);
    }
    if (assembly.login_user != kUnset) {
        event.set_login_user_id(assembly.login_user);
        const std::string_view login =
            names_.name(assembly.node, assembly.login_user, assembly.syscall_body, "AUID");
        if (!login.empty()) {
            event.set_login_user_name(login);
        }
    }
    if (assembly.session != kUnset) {
        event.set_session_id(assembly.session);
    }
    if (!assembly.terminal.empty() && assembly.terminal != "(none)") {
        event.set_process_tty(assembly.terminal);
    }
    if (!assembly.command_name.empty()) {
        event.set_process_name(decode_escaped(assembly.command_name, batch.arena()));
    }
    if (!assembly.executable.empty()) {
        event.set_process_executable(decode_escaped(assembly.executable, batch.arena()));
    }
}

Event& Normaliser::start_event(const Assembly& assembly,
                               EventClass event_class,
                               EventBatch& batch) {
    Event& event = batch.add(event_class, assembly.stamp.time);
    set_identity(assembly, event, batch);
    return event;
}

void Normaliser::set_file(const PathRecord& path,
                          std::string_view name,
                          Event& event,
                          Arena& arena) {
    if (!name.empty()) {
        event.set_file_path(name);
    }
    if (!path.has_inode) {
        return;
    }
    event.set_file_inode(path.inode);
    event.set_file_device(arena.copy(path.device));
    event.set_file_mode(path.mode);
    event.set_file_owner_id(path.owner);
}

bool Normaliser::open_event(const Assembly& assembly, EventBatch& batch) {
    const PathRecord* target = target_of(assembly);
    if (target == nullptr || (!assembly.succeeded && !is_denial(assembly.exit))) {
        return false;
    }
    const std::uint64_t flags = assembly.open_flags();
    const std::string_view path = paths_.full_path(
        assembly, *target, PathResolver::directory_argument(assembly), batch.arena());
    EventClass event_class = EventClass::file_open;
    if (target->type == NameType::created) {
        event_class = EventClass::file_create;
    } else if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0) {
        event_class = EventClass::file_write;
    }
    if (assembly.succeeded) {
        paths_.opened(assembly, *target, path);
    }
    // O_PATH gives a place in the tree, not what lies there.
    if ((flags & kOpenPath) != 0) {
        return false;
    }
    Event& event = start_event(assembly, event_class, batch);
    set_file(*target, path, event, batch.arena());
    event.set_file_open_flags(flags);
    return true;
}

// rename: DELETE old, CREATE new (and DELETE new, when it was there). link: NORMAL old, CREATE new.
bool Normaliser::two_names(const Assembly& assembly, EventClass event_class, EventBatch& batch) {
    const PathRecord* new_name = last_of(assembly, NameType::created);
    const PathRecord* old_name = nullptr;
    for (const PathRecord& path : assembly.paths) {
        const bool is_old = path.type == NameType::deleted || path.type == NameType::normal;
        const bool same_file = new_name != nullptr && path.inode == new_name->inode;
        if (is_old && (old_name == nullptr || (same_file && old_name->inode != path.inode))) {
            old_name = &path;
        }
    }
    if (new_name == nullptr || (!assembly.succeeded && !is_denial(assembly.exit))) {
        return false;
    }
    const std::string_view target =
        paths_.full_path(assembly,
                         *new_name,
                         PathResolver::directory_argument(assembly, PathResolver::Name::second),
                         batch.arena());
    Event& event = start_event(assembly, event_class, batch);
    event.set_file_target_path(target);
    if (old_name != nullptr) {
        const std::string_view source = paths_.full_path(
            assembly, *old_name, PathResolver::directory_argument(assembly), batch.arena());
        set_file(*old_name, source, event, batch.arena());
    } else {
        set_file(*new_name, target, event, batch.arena());
    }
    return true;
}

bool Normaliser::file_event(const Assembly& assembly, EventBatch& batch) {
    paths_.learn(assembly, batch.arena());
    EventClass event_class = EventClass::file_attribute;
    switch (assembly.call.call) {
        case SystemCall::open:
        case SystemCall::openat:
        case SystemCall::openat2:
        case SystemCall::creat:
        case SystemCall::open_by_handle_at:
            return open_event(assembly, batch);
        case SystemCall::rename:
            return two_names(assembly, EventClass::file_rename, batch);
        case SystemCall::link:
            return two_names(assembly, EventClass::file_link, batch);
        case SystemCall::truncate:
            event_class = EventClass::file_write;
            break;
        case SystemCall::symlink:
        case SystemCall::mkdir:
        case SystemCall::mknod:
            event_class = EventClass::file_create;
            break;
        case SystemCall::unlink:
            event_class = EventClass::file_unlink;
            break;
        default:
            break;
    }
    const PathRecord* target = target_of(assembly);
    if (target == nullptr || (!assembly.succeeded && !is_denial(assembly.exit))) {
        return false;
    }
    const std::string_view path = paths_.full_path(
        assembly, *target, PathResolver::directory_argument(assembly), batch.arena());
    if (event_class == EventClass::file_unlink && assembly.succeeded) {
        paths_.removed(assembly, *target, path);
    }
    Event& event = start_event(assembly, event_class, batch);
    set_file(*target, path, event, batch.arena());
    // symlink(2) is logged with what the link says as an item of unknown type, or not at all.
    if (assembly.call.call == SystemCall::symlink) {
        const PathRecord* says = last_of(assembly, NameType::unknown);
        if (says != nullptr && says != target) {
            event.set_file_target_path(decode_escaped(says->name, batch.arena()));
        }
    }
    return true;
}

std::span<const std::string_view> Normaliser::arguments(const Assembly& assembly, Arena& arena) {
    std::vector<ArgumentPart> parts = assembly.argument_parts;
    const auto key = [](const ArgumentPart& part) { return std::pair(part.index, part.part); };
    if (!std::ranges::is_sorted(parts, {}, key)) {
        std::ranges::stable_sort(parts, {}, key);
    }
    const auto again = std::ranges::unique(parts, {}, key);
    parts.erase(again.begin(), again.end());
    std::size_t count = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        count += i == 0 || parts[i].index != parts[i - 1].index ? 1 : 0;
    }
    count = std::min(count, kArgumentsMax);
    const auto texts = arena.array<std::string_view>(count);
    std::size_t next = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t index = parts[next].index;
        std::string_view text = decode_escaped(parts[next++].value, arena);
        if (next < parts.size() && parts[next].index == index) {
            scratch_.assign(text);
            for (; next < parts.size() && parts[next].index == index; ++next) {
                scratch_ += decode_escaped(parts[next].value, arena);
            }
            text = arena.copy(std::string_view(scratch_).substr(0, kTextBytesMax));
        }
        texts[i] = text.substr(0, kTextBytesMax);
    }
    return texts;
}

bool Normaliser::process_event(const Assembly& assembly, EventBatch& batch) {
    if (assembly.call.call == SystemCall::exit) {
        Event& event = start_event(assembly, EventClass::process_exit, batch);
        event.set_process_exit_code(static_cast<std::int64_t>(assembly.arguments[0] & 0xffU));
        return true;
    }
    if (!assembly.succeeded) {
        return false;
    }
    if (assembly.call.call == SystemCall::fork) {
        Event& event = start_event(assembly, EventClass::process_start, batch);
        event.set_process_child_pid(static_cast<std::uint64_t>(assembly.exit));
        return true;
    }
    Event& event = start_event(assembly, EventClass::process_start, batch);
    event.set_process_args(arguments(assembly, batch.arena()));
    if (!assembly.working_directory.empty()) {
        event.set_process_working_directory(
            decode_escaped(assembly.working_directory, batch.arena()));
    }
    // PATH item 0 is what was named in the call: of a script, the script and not its interpreter.
    for (const PathRecord& path : assembly.paths) {
        if (path.item == 0 && path.type == NameType::normal) {
            set_file(path,
                     paths_.full_path(assembly, path, PathResolver::kNoArgument, batch.arena()),
                     event,
                     batch.arena());
        }
    }
    return true;
}

bool Normaliser::socket_event(const Assembly& assembly, EventBatch& batch) {
    const SocketAddress address = parse_socket_address(
        decode_hex(assembly.socket_address.substr(
                       0, assembly.socket_address.find_first_not_of("0123456789ABCDEFabcdef")),
                   batch.arena()));
    if (address.family.empty()) {
        return false;
    }
    // A connect that is under way (EINPROGRESS) has sent its first packet.
    Event& event = start_event(assembly, EventClass::network_connection, batch);
    if (!assembly.succeeded && assembly.exit == -EINPROGRESS) {
        event.set_event_outcome("success");
        event.remove(Field::event_reason);
    }
    event.set_network_transport(address.family);
    if (address.family == "unix") {
        if (!address.path.empty()) {
            event.set_destination_path(address.abstract
                                           ? batch.arena().copy("@" + std::string(address.path))
                                           : address.path);
        }
    } else {
        event.set_destination_ip(address.ip);
        event.set_destination_port(address.port);
    }
    return true;
}

bool Normaliser::system_call(const Assembly& assembly, EventBatch& batch) {
    switch (assembly.call.call) {
        case SystemCall::unneeded:
            return false;
        case SystemCall::execve:
        case SystemCall::fork:
        case SystemCall::exit:
            return process_event(assembly, batch);
        case SystemCall::connect:
        case SystemCall::send:
        case SystemCall::bind:
            return socket_event(assembly, batch);
        case SystemCall::mmap: {
            constexpr std::size_t kProtection = 2;
            if ((assembly.arguments[kProtection] & PROT_EXEC) == 0 || !assembly.succeeded) {
                return false;
            }
            start_event(assembly, EventClass::image_load, batch);
            return true;
        }
        case SystemCall::load_module:
            start_event(assembly, EventClass::image_load, batch);
            return true;
        default:
            return file_event(assembly, batch);
    }
}

}  // namespace mailvigil::ingest::adapter::audit_log

#include "ingest/adapter/linux_audit/assembly.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/net.h>

#include <algorithm>
#include <limits>

namespace mailvigil::ingest::adapter::audit_log {

namespace {

const SystemCallTable& table_of(std::uint32_t arch, std::vector<SystemCallTable>& tables) {
    constexpr std::size_t kArchitecturesMax = 16;
    for (const SystemCallTable& table : tables) {
        if (table.arch() == arch) {
            return table;
        }
    }
    if (tables.size() == kArchitecturesMax) {
        tables.pop_back();
    }
    return tables.emplace_back(arch);
}

/// Digits of a value that the kernel wrote; junk behind them (a lost enrichment mark) ends the
/// number. What is too large is the largest number, never a small one.
std::uint64_t leading_number(std::string_view value) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t number = 0;
    for (const char c : value) {
        if (c < '0' || c > '9') {
            break;
        }
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (number > (kMax - digit) / 10) {
            return kMax;
        }
        number = number * 10 + digit;
    }
    return number;
}

std::uint32_t leading_id(std::string_view value) {
    // Old kernels print an unset loginuid as -1.
    return value.starts_with('-')
               ? kUnset
               : static_cast<std::uint32_t>(std::min<std::uint64_t>(leading_number(value), kUnset));
}

NameType name_type_of(std::string_view value) {
    if (value.starts_with("NORMAL")) {
        return NameType::normal;
    }
    if (value.starts_with("PARENT")) {
        return NameType::parent;
    }
    if (value.starts_with("CREATE")) {
        return NameType::created;
    }
    return value.starts_with("DELETE") ? NameType::deleted : NameType::unknown;
}

/// a12 or a12[3] as (12, 3); false for a12_len and everything else.
bool parse_argument_key(std::string_view key, std::uint32_t& index, std::uint32_t& part) {
    if (key.size() < 2 || key[0] != 'a') {
        return false;
    }
    key.remove_prefix(1);
    const std::size_t bracket = key.find('[');
    const auto number = parse_number(key.substr(0, bracket));
    if (!number || *number > 0xffffff) {
        return false;
    }
    index = static_cast<std::uint32_t>(*number);
    part = 0;
    if (bracket == std::string_view::npos) {
        return true;
    }
    const auto within = parse_number(key.substr(bracket + 1, key.size() - bracket - 2));
    if (!key.ends_with(']') || !within || *within > 0xffffff) {
        return false;
    }
    part = static_cast<std::uint32_t>(*within);
    return true;
}

}  // namespace

void Assembly::reset(const RecordHeader& header,
                     std::string_view new_source,
                     std::uint64_t new_line) {
    node = header.node;
    id = header.id;
    stamp = header.stamp;
    source = new_source;
    line = new_line;
    has_syscall = from_uring = malformed = succeeded = has_openat2_flags = has_execve = false;
    call = {};
    exit = 0;
    std::ranges::fill(arguments, 0);
    items = 0;
    pid = parent_pid = user = group = effective_user = 0;
    login_user = session = kUnset;
    terminal = command_name = executable = syscall_body = {};
    working_directory = socket_address = title = {};
    openat2_flags = 0;
    argument_count = 0;
    arguments_seen = 0;
    paths.clear();
    argument_parts.clear();
    arch_ = 0;
    number_ = 0;
}

void Assembly::own_texts() {
    std::vector<std::string_view*> texts = {&node,
                                            &id,
                                            &source,
                                            &terminal,
                                            &command_name,
                                            &executable,
                                            &syscall_body,
                                            &working_directory,
                                            &socket_address,
                                            &title};
    for (PathRecord& path : paths) {
        texts.push_back(&path.name);
        texts.push_back(&path.device);
    }
    for (ArgumentPart& argument : argument_parts) {
        texts.push_back(&argument.value);
    }
    std::size_t bytes = 0;
    for (const std::string_view* text : texts) {
        bytes += text->size();
    }
    std::string owned;
    owned.reserve(bytes);
    for (const std::string_view* text : texts) {
        owned += *text;
    }
    storage_ = std::move(owned);
    std::size_t at = 0;
    for (std::string_view* text : texts) {
        *text = std::string_view(storage_.data() + at, text->size());
        at += text->size();
    }
}

// The order in which audit_log_exit() and audit_log_task_info() of the kernel write the record.
bool Assembly::read_syscall_in_kernel_order(FieldCursor& cursor,
                                            std::vector<SystemCallTable>& tables) {
    std::string_view value;
    if (!cursor.take("arch=", value)) {
        return false;
    }
    arch_ = static_cast<std::uint32_t>(parse_hex(value).value_or(0));
    if (!cursor.take("syscall=", value)) {
        return false;
    }
    number_ = leading_number(value);
    call = table_of(arch_, tables).find(number_);
    if (call.call == SystemCall::unneeded && !is_socketcall()) {
        return true;
    }
    if (cursor.take("success=", value)) {
        succeeded = value == "yes";
        if (!cursor.take("exit=", value)) {
            return false;
        }
        exit = parse_signed(value).value_or(0);
    }
    if (!cursor.take("a0=", value)) {
        return false;
    }
    arguments[0] = parse_hex(value).value_or(0);
    std::string_view a1;
    std::string_view a2;
    std::string_view a3;
    if (!cursor.take("a1=", a1) || !cursor.take("a2=", a2) || !cursor.take("a3=", a3)) {
        return false;
    }
    arguments[1] = parse_hex(a1).value_or(0);
    arguments[2] = parse_hex(a2).value_or(0);
    arguments[3] = parse_hex(a3).value_or(0);
    const auto take_id = [&](const auto& key, std::uint32_t& to) {
        if (!cursor.take(key, value)) {
            return false;
        }
        to = leading_id(value);
        return true;
    };
    std::uint32_t unused = 0;
    if (!cursor.take("items=", value)) {
        return false;
    }
    items = leading_number(value);
    return take_id("ppid=", parent_pid) && take_id("pid=", pid) && take_id("auid=", login_user) &&
           take_id("uid=", user) && take_id("gid=", group) && take_id("euid=", effective_user) &&
           take_id("suid=", unused) && take_id("fsuid=", unused) && take_id("egid=", unused) &&
           take_id("sgid=", unused) && take_id("fsgid=", unused) && cursor.take("tty=", terminal) &&
           take_id("ses=", session) && cursor.take("comm=", command_name) &&
           cursor.take("exe=", executable);
}

// socketcall(2) of i386: the first argument says which call it is (linux/net.h).
bool Assembly::is_socketcall() const {
    return arch_ == AUDIT_ARCH_I386 && number_ == 102;
}

void Assembly::resolve_socketcall() {
    if (!is_socketcall()) {
        return;
    }
    switch (arguments[0]) {
        case SYS_BIND:
            call = {SystemCall::bind, "bind"};
            break;
        case SYS_CONNECT:
            call = {SystemCall::connect, "connect"};
            break;
        case SYS_SENDTO:
            call = {SystemCall::send, "sendto"};
            break;
        case SYS_SENDMSG:
            call = {SystemCall::send, "sendmsg"};
            break;
        default:
            call = {};
            break;
    }
}

void Assembly::read_syscall_field(std::string_view key, std::string_view value) {
    if (key == "arch") {
        arch_ = static_cast<std::uint32_t>(parse_hex(value).value_or(0));
    } else if (key == "syscall" || key == "uring_op") {
        number_ = leading_number(value);
    } else if (key == "success") {
        succeeded = value == "yes";
    } else if (key == "exit") {
        exit = parse_signed(value).value_or(0);
    } else if (key.size() == 2 && key[0] == 'a' && key[1] >= '0' && key[1] <= '3') {
        arguments[key[1] - '0'] = parse_hex(value).value_or(0);
    } else if (key == "items") {
        items = leading_number(value);
    } else if (key == "ppid") {
        parent_pid = leading_id(value);
    } else if (key == "pid") {
        pid = leading_id(value);
    } else if (key == "auid") {
        login_user = leading_id(value);
    } else if (key == "uid") {
        user = leading_id(value);
    } else if (key == "gid") {
        group = leading_id(value);
    } else if (key == "euid") {
        effective_user = leading_id(value);
    } else if (key == "ses") {
        session = leading_id(value);
    } else if (key == "tty") {
        terminal = value;
    } else if (key == "comm") {
        command_name = value;
    } else if (key == "exe") {
        executable = value;
    }
}

bool Assembly::read_syscall(std::string_view body, std::vector<SystemCallTable>& tables) {
    has_syscall = true;
    syscall_body = body;
    FieldCursor ordered(body);
    if (read_syscall_in_kernel_order(ordered, tables)) {
        resolve_socketcall();
        return true;
    }
    FieldCursor cursor(body);
    std::string_view key;
    std::string_view value;
    bool has_number = false;
    while (cursor.next(key, value)) {
        has_number = has_number || key == "syscall";
        read_syscall_field(key, value);
    }
    const SystemCallTable& table = table_of(arch_, tables);
    call = table.find(number_);
    resolve_socketcall();
    return has_number && table.known() && pid != 0;
}

bool Assembly::read_uring_operation(std::string_view body) {
    has_syscall = from_uring = true;
    syscall_body = body;
    FieldCursor cursor(body);
    std::string_view key;
    std::string_view value;
    bool has_number = false;
    while (cursor.next(key, value)) {
        has_number = has_number || key == "uring_op";
        read_syscall_field(key, value);
    }
    call = uring_operation(number_);
    return has_number;
}

bool Assembly::read_path(std::string_view body) {
    PathRecord path;
    std::string_view value;
    FieldCursor cursor(body);
    // audit_log_name(): a name without inode (it doesn't exist) goes straight to the name type.
    bool in_order = cursor.take("item=", value);
    path.item = leading_number(value);
    in_order = in_order && cursor.take("name=", path.name);
    if (in_order && cursor.take("inode=", value)) {
        path.inode = leading_number(value);
        path.has_inode = true;
        std::string_view mode;
        std::string_view owner;
        in_order = cursor.take("dev=", path.device) && cursor.take("mode=", mode) &&
                   cursor.take("ouid=", owner) && cursor.take("ogid=", value) &&
                   cursor.take("rdev=", value);
        path.mode = static_cast<std::uint32_t>(parse_octal(mode).value_or(0));
        path.owner = leading_id(owner);
    }
    if (in_order && cursor.take("nametype=", value)) {
        path.type = name_type_of(value);
    } else {
        FieldCursor unordered(body);
        std::string_view key;
        bool has_name = false;
        while (unordered.next(key, value)) {
            if (key == "item") {
                path.item = leading_number(value);
            } else if (key == "name") {
                path.name = value;
                has_name = true;
            } else if (key == "inode") {
                path.inode = leading_number(value);
                path.has_inode = true;
            } else if (key == "dev") {
                path.device = value;
            } else if (key == "mode") {
                path.mode = static_cast<std::uint32_t>(parse_octal(value).value_or(0));
            } else if (key == "ouid") {
                path.owner = leading_id(value);
            } else if (key == "nametype" || key == "objtype") {
                path.type = name_type_of(value);
            }
        }
        if (!has_name) {
            return false;
        }
    }
    const bool duplicate = std::ranges::any_of(
        paths, [&](const PathRecord& other) { return other.item == path.item; });
    if (duplicate || paths.size() == kPathsMax) {
        return false;
    }
    paths.push_back(path);
    return true;
}

bool Assembly::read_execve(std::string_view body) {
    FieldCursor cursor(body);
    std::string_view key;
    std::string_view value;
    if (cursor.take("argc=", value)) {
        argument_count = leading_number(value);
    }
    has_execve = true;
    while (cursor.next(key, value)) {
        ArgumentPart argument;
        if (!parse_argument_key(key, argument.index, argument.part)) {
            continue;
        }
        if (argument_parts.size() == kArgumentPartsMax) {
            arguments_seen = static_cast<std::uint32_t>(argument_count);
            return false;
        }
        argument.value = value;
        argument_parts.push_back(argument);
        arguments_seen = std::max(arguments_seen, argument.index + 1);
    }
    return true;
}

void Assembly::read_cwd(std::string_view body) {
    FieldCursor cursor(body);
    if (!cursor.take("cwd=", working_directory)) {
        malformed = true;
    }
}

void Assembly::read_sockaddr(std::string_view body) {
    FieldCursor cursor(body);
    if (!cursor.take("saddr=", socket_address)) {
        malformed = true;
    }
}

void Assembly::read_openat2(std::string_view body) {
    FieldCursor cursor(body);
    std::string_view key;
    std::string_view value;
    while (cursor.next(key, value)) {
        if (key == "oflag") {
            openat2_flags = parse_octal(value).value_or(0);
            has_openat2_flags = true;
        }
    }
}

std::uint64_t Assembly::open_flags() const {
    if (has_openat2_flags) {
        return openat2_flags;
    }
    switch (call.call) {
        case SystemCall::open:
            return arguments[1];
        case SystemCall::openat:
            return from_uring ? 0 : arguments[2];
        case SystemCall::open_by_handle_at:
            return arguments[2];
        case SystemCall::creat:
            return O_CREAT | O_WRONLY | O_TRUNC;
        default:
            return 0;
    }
}

bool Assembly::is_whole() const {
    if (!has_syscall || paths.size() < items) {
        return false;
    }
    if (call.call == SystemCall::execve && succeeded) {
        return has_execve && arguments_seen >= argument_count &&
               (items == 0 || !working_directory.empty());
    }
    if (call.call == SystemCall::send) {
        // Of a send on a connected socket no address comes: only the end of the event tells.
        return !socket_address.empty() || !title.empty();
    }
    if (call.call == SystemCall::connect || call.call == SystemCall::bind) {
        return !socket_address.empty();
    }
    const bool relative = std::ranges::any_of(paths, [](const PathRecord& path) {
        return !path.name.starts_with("\"/") && !path.name.starts_with("2F") &&
               !path.name.starts_with("(null)");
    });
    return !relative || !working_directory.empty();
}

std::string Assembly::missing() const {
    if (!has_syscall) {
        return "SYSCALL";
    }
    std::string names;
    const auto add = [&](std::string_view name) {
        names += names.empty() ? "" : ", ";
        names += name;
    };
    if (paths.size() < items) {
        add(fmt::format("{} PATH", items - paths.size()));
    }
    if (call.call == SystemCall::execve && (!has_execve || arguments_seen < argument_count)) {
        add("EXECVE");
    }
    if ((call.call == SystemCall::connect || call.call == SystemCall::bind) &&
        socket_address.empty()) {
        add("SOCKADDR");
    }
    if (working_directory.empty()) {
        add("CWD");
    }
    return names;
}

}  // namespace mailvigil::ingest::adapter::audit_log

#include "ingest/adapter/linux_audit/assembly.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

namespace mailvigil::ingest::adapter::audit_log {

namespace {

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
    if (working_directory.empty() && items != 0) {
        add("CWD");
    }
    return names;
}

}  // namespace mailvigil::ingest::adapter::audit_log

// The records of an assembly that say which call it was: SYSCALL and URINGOP.
#include <linux/audit.h>
#include <linux/net.h>

#include "ingest/adapter/linux_audit/assembly.h"

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

}  // namespace

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
    const SystemCallTable& table = table_of(arch_, tables);
    if (!table.known()) {
        return false;
    }
    call = table.find(number_);
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
    std::string_view a0;
    std::string_view a1;
    std::string_view a2;
    std::string_view a3;
    if (!cursor.take("a0=", a0) || !cursor.take("a1=", a1) || !cursor.take("a2=", a2) ||
        !cursor.take("a3=", a3)) {
        return false;
    }
    arguments[0] = parse_hex(a0).value_or(0);
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

}  // namespace mailvigil::ingest::adapter::audit_log

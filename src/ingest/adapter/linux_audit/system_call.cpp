#include "ingest/adapter/linux_audit/system_call.h"

#include <libaudit.h>

#include <string>

namespace mailvigil::ingest::adapter::audit_log {

namespace {

constexpr SystemCallRow kCalls[] = {
    {SystemCall::open, "open"},
    {SystemCall::openat, "openat"},
    {SystemCall::openat2, "openat2"},
    {SystemCall::creat, "creat"},
    {SystemCall::open_by_handle_at, "open_by_handle_at"},
    {SystemCall::truncate, "truncate"},
    {SystemCall::truncate, "truncate64"},
    {SystemCall::truncate, "ftruncate"},
    {SystemCall::truncate, "ftruncate64"},
    {SystemCall::rename, "rename"},
    {SystemCall::rename, "renameat"},
    {SystemCall::rename, "renameat2"},
    {SystemCall::link, "link"},
    {SystemCall::link, "linkat"},
    {SystemCall::symlink, "symlink"},
    {SystemCall::symlink, "symlinkat"},
    {SystemCall::unlink, "unlink"},
    {SystemCall::unlink, "unlinkat"},
    {SystemCall::unlink, "rmdir"},
    {SystemCall::mkdir, "mkdir"},
    {SystemCall::mkdir, "mkdirat"},
    {SystemCall::mknod, "mknod"},
    {SystemCall::mknod, "mknodat"},
    {SystemCall::attribute, "chmod"},
    {SystemCall::attribute, "fchmod"},
    {SystemCall::attribute, "fchmodat"},
    {SystemCall::attribute, "fchmodat2"},
    {SystemCall::attribute, "chown"},
    {SystemCall::attribute, "lchown"},
    {SystemCall::attribute, "fchown"},
    {SystemCall::attribute, "fchownat"},
    {SystemCall::attribute, "utime"},
    {SystemCall::attribute, "utimes"},
    {SystemCall::attribute, "utimensat"},
    {SystemCall::attribute, "futimesat"},
    {SystemCall::attribute, "setxattr"},
    {SystemCall::attribute, "lsetxattr"},
    {SystemCall::attribute, "fsetxattr"},
    {SystemCall::attribute, "removexattr"},
    {SystemCall::attribute, "lremovexattr"},
    {SystemCall::attribute, "fremovexattr"},
    {SystemCall::execve, "execve"},
    {SystemCall::execve, "execveat"},
    {SystemCall::fork, "fork"},
    {SystemCall::fork, "vfork"},
    {SystemCall::fork, "clone"},
    {SystemCall::fork, "clone3"},
    {SystemCall::exit, "exit"},
    {SystemCall::exit, "exit_group"},
    {SystemCall::connect, "connect"},
    {SystemCall::send, "sendto"},
    {SystemCall::send, "sendmsg"},
    {SystemCall::send, "sendmmsg"},
    {SystemCall::bind, "bind"},
    {SystemCall::mmap, "mmap"},
    {SystemCall::mmap, "mmap2"},
    {SystemCall::load_module, "init_module"},
    {SystemCall::load_module, "finit_module"},
};

/// libaudit knows some newer calls not yet; their numbers are one for all architectures
/// (asm-generic/unistd.h).
constexpr struct {
    std::string_view name;
    int number;
} kUnified[] = {{"openat2", 437}, {"clone3", 435}, {"fchmodat2", 452}};

int number_of(std::string_view name, int machine) {
    const int number = audit_name_to_syscall(std::string(name).c_str(), machine);
    if (number >= 0) {
        return number;
    }
    for (const auto& row : kUnified) {
        if (row.name == name) {
            return row.number;
        }
    }
    return -1;
}

}  // namespace

SystemCallTable::SystemCallTable(std::uint32_t arch) : arch_(arch) {
    const int machine = audit_elf_to_machine(arch);
    if (machine < 0) {
        return;
    }
    for (const SystemCallRow& row : kCalls) {
        const int number = number_of(row.name, machine);
        if (number < 0) {
            continue;
        }
        const auto index = static_cast<std::size_t>(number);
        if (index >= rows_.size()) {
            rows_.resize(index + 1);
        }
        rows_[index] = row;
    }
}

SystemCallRow uring_operation(std::uint64_t operation) {
    switch (operation) {
        case 18:
            return {SystemCall::openat, "io_uring openat"};
        case 28:
            return {SystemCall::openat2, "io_uring openat2"};
        case 35:
            return {SystemCall::rename, "io_uring renameat"};
        case 36:
            return {SystemCall::unlink, "io_uring unlinkat"};
        case 37:
            return {SystemCall::mkdir, "io_uring mkdirat"};
        case 38:
            return {SystemCall::symlink, "io_uring symlinkat"};
        case 39:
            return {SystemCall::link, "io_uring linkat"};
        case 16:
            return {SystemCall::connect, "io_uring connect"};
        case 9:
            return {SystemCall::send, "io_uring sendmsg"};
        default:
            return {};
    }
}

}  // namespace mailvigil::ingest::adapter::audit_log

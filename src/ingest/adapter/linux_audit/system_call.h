// What a system call means for the belt. Numbers differ by architecture and come from libaudit's
// tables.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mailvigil::ingest::adapter::audit_log {

enum class SystemCall : std::uint8_t {
    unneeded,
    open,
    openat,
    openat2,
    creat,
    open_by_handle_at,
    truncate,
    rename,
    link,
    symlink,
    unlink,
    mkdir,
    mknod,
    attribute,  ///< chmod, chown, utimes, setxattr and their kin
    execve,
    fork,
    exit,
    connect,
    send,
    bind,
    mmap,
    load_module,
};

/// One known system call by number.
struct SystemCallRow {
    SystemCall call = SystemCall::unneeded;
    std::string_view name;  ///< the kernel's name, static
};

/// Number -> row, for one value of the SYSCALL record's `arch`.
class SystemCallTable {
  public:
    /// `arch`: AUDIT_ARCH_* as in the record. An unknown one gives a table of unneeded calls.
    explicit SystemCallTable(std::uint32_t arch);

    [[nodiscard]] const SystemCallRow& find(std::uint64_t number) const {
        static constexpr SystemCallRow kNone;
        return number < rows_.size() ? rows_[number] : kNone;
    }

    [[nodiscard]] std::uint32_t arch() const { return arch_; }

    [[nodiscard]] bool known() const { return !rows_.empty(); }

  private:
    std::uint32_t arch_;
    std::vector<SystemCallRow> rows_;
};

/// The operation of a URINGOP record (enum io_uring_op of linux/io_uring.h); unneeded: none of
/// ours.
SystemCallRow uring_operation(std::uint64_t operation);

}  // namespace mailvigil::ingest::adapter::audit_log

// Assembly: one audit event while its records arrive. The kernel writes an event as several records
// that share time and serial; they may interleave with those of other events and come in any order
// (auditd.conf(5)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.h"
#include "ingest/adapter/linux_audit/record.h"
#include "ingest/adapter/linux_audit/system_call.h"

namespace mailvigil::ingest::adapter::audit_log {

enum class NameType : std::uint8_t { unknown, normal, parent, created, deleted };

/// One PATH record. `name` is as written: quoted, hex or (null).
struct PathRecord {
    std::string_view name;
    std::string_view device;
    std::uint64_t item = 0;
    std::uint64_t inode = 0;
    std::uint32_t mode = 0;
    std::uint32_t owner = 0;
    NameType type = NameType::unknown;
    bool has_inode = false;

    [[nodiscard]] bool is_directory() const { return (mode & 0170000U) == 0040000U; }
};

/// One argument, or one part of a long one (a0[2]=), of an EXECVE record.
struct ArgumentPart {
    std::uint32_t index = 0;
    std::uint32_t part = 0;
    std::string_view value;
};

struct Assembly {
    static constexpr std::size_t kPathsMax = 64;
    static constexpr std::size_t kArgumentPartsMax = 8192;

    /// Makes it an empty event of that identity.
    void reset(const RecordHeader& header, std::string_view source, std::uint64_t line);

    /// Copies every text out of the chunk that is about to go away.
    void own_texts();

    // The bodies of the record types. False: the record is malformed (what could be read of it
    // counts).
    bool read_syscall(std::string_view body, std::vector<SystemCallTable>& tables);
    bool read_uring_operation(std::string_view body);
    bool read_path(std::string_view body);
    bool read_execve(std::string_view body);
    void read_cwd(std::string_view body);
    void read_sockaddr(std::string_view body);
    void read_openat2(std::string_view body);

    /// The flags of a call of the open family, as open(2) has them.
    [[nodiscard]] std::uint64_t open_flags() const;

    /// Every record that says what happened is there; PROCTITLE and EOE say nothing new.
    [[nodiscard]] bool is_whole() const;

    /// The names of the records that are missing, for a diagnostic.
    [[nodiscard]] std::string missing() const;

    std::string_view node;
    std::string_view id;
    Stamp stamp;
    std::string_view source;  ///< where its first record stood
    std::uint64_t line = 0;

    bool has_syscall = false;
    bool from_uring = false;
    bool malformed = false;
    SystemCallRow call;
    bool succeeded = false;
    std::int64_t exit = 0;
    std::uint64_t arguments[4] = {};
    std::uint64_t items = 0;
    std::uint32_t pid = 0;
    std::uint32_t parent_pid = 0;
    std::uint32_t login_user = kUnset;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::uint32_t effective_user = 0;
    std::uint32_t session = kUnset;
    std::string_view terminal;
    std::string_view command_name;
    std::string_view executable;
    std::string_view syscall_body;  ///< for the enriched names

    std::string_view working_directory;
    std::string_view socket_address;
    std::string_view title;
    bool has_openat2_flags = false;
    std::uint64_t openat2_flags = 0;
    std::uint64_t argument_count = 0;
    bool has_execve = false;
    std::uint32_t arguments_seen = 0;  ///< one more than the highest index seen
    std::vector<PathRecord> paths;
    std::vector<ArgumentPart> argument_parts;

  private:
    bool read_syscall_in_kernel_order(FieldCursor& cursor, std::vector<SystemCallTable>& tables);
    [[nodiscard]] bool is_socketcall() const;
    void resolve_socketcall();
    void read_syscall_field(std::string_view key, std::string_view value);

    std::uint32_t arch_ = 0;
    std::uint64_t number_ = 0;
    std::string storage_;
};

}  // namespace mailvigil::ingest::adapter::audit_log

// One record of the audit log: its header, its fields, and the three ways in which a value is
// written (lib/audit_logging.c, kernel/audit.c: audit_log_untrustedstring).
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/time.h"

namespace mailvigil::ingest::adapter::audit_log {

/// Record types that the decoder looks into; all others are `other`. Those from `user` on are
/// events of one record.
enum class RecordType : std::uint8_t {
    other,
    syscall,
    path,
    cwd,
    execve,
    proctitle,
    sockaddr,
    end_of_event,
    openat2,
    uring_operation,
    mmap,
    user,     ///< any message from user space: USER_LOGIN, USER_START, USER_CMD, CRED_ACQ, ...
    login,    ///< LOGIN: loginuid was set
    service,  ///< SERVICE_START, SERVICE_STOP
    configuration,
    daemon,  ///< DAEMON_*: auditd's own start, stop and trouble
    system,  ///< SYSTEM_BOOT, SYSTEM_SHUTDOWN
};

/// When and which: the identity of an audit event on one node.
struct Stamp {
    Timestamp time{};
    std::uint64_t serial = 0;

    bool operator==(const Stamp&) const = default;
};

struct RecordHeader {
    std::string_view node;  ///< empty: the log names none
    std::string_view type;  ///< SYSCALL, PATH, UNKNOWN[1337], ...
    std::string_view id;    ///< "SEC.MSEC:SERIAL"
    Stamp stamp;
    std::string_view body;  ///< what follows "): "
};

/// The header of a line; absent: this is no audit record. `before`: the header of the line before,
/// whose stamp is taken over when this line has the same one, as most have.
std::optional<RecordHeader> parse_header(std::string_view line, const RecordHeader& before = {});

RecordType classify(std::string_view type);

/// The byte that auditd puts before the interpreted (ENRICHED) fields of a record.
inline constexpr char kEnrichmentMark = '\x1d';

/// Walks the "key=value" fields of a record's body; stops at the enrichment mark. Values keep their
/// quotes; a value in single quotes (user messages) is one value.
class FieldCursor {
  public:
    explicit FieldCursor(std::string_view body)
        : at_(body.data()), end_(body.data() + body.size()) {}

    /// The next field; false at the end. Words without '=' are skipped.
    bool next(std::string_view& key, std::string_view& value);

    /// If the next field is `key=`, its value. The kernel writes the fields of a record in one
    /// order, so asking in that order saves looking each key up.
    template <std::size_t Size>
    bool take(const char (&key_and_equals)[Size], std::string_view& value) {
        constexpr std::size_t kLength = Size - 1;
        const char* p = at_;
        if (p < end_ && *p == ' ') {
            ++p;
        }
        // A length known at compile time makes this a comparison of one or two words.
        if (static_cast<std::size_t>(end_ - p) < kLength ||
            std::memcmp(p, key_and_equals, kLength) != 0) {
            return false;
        }
        at_ = p + kLength;
        value = take_value();
        return true;
    }

    /// What has not been read yet.
    [[nodiscard]] std::string_view rest() const {
        return {at_, static_cast<std::size_t>(end_ - at_)};
    }

  private:
    std::string_view take_value() {
        const char* const start = at_;
        if (at_ < end_ && (*at_ == '"' || *at_ == '\'')) {
            const char quote = *at_;
            const auto* close = static_cast<const char*>(
                std::memchr(at_ + 1, quote, static_cast<std::size_t>(end_ - at_ - 1)));
            at_ = close == nullptr ? end_ : close + 1;
        } else {
            while (at_ < end_ && *at_ != ' ' && *at_ != kEnrichmentMark) {
                ++at_;
            }
        }
        return {start, static_cast<std::size_t>(at_ - start)};
    }

    const char* at_;
    const char* end_;
};

/// The value of a field of an enriched record's interpreted part, e.g. `AUID`, without quotes;
/// empty: not there.
std::string_view enriched_value(std::string_view body, std::string_view key);

std::optional<std::uint64_t> parse_number(std::string_view value);
std::optional<std::int64_t> parse_signed(std::string_view value);
std::optional<std::uint64_t> parse_hex(std::string_view value);
std::optional<std::uint64_t> parse_octal(std::string_view value);

/// Digits off the front; junk behind them (a lost enrichment mark) ends the number. What is too
/// large is the largest number, never a small one.
std::uint64_t leading_number(std::string_view value);
/// A user, process or session id; kUnset when it is negative or too large.
std::uint32_t leading_id(std::string_view value);

/// A value of the "escaped" kind (auparse typetab.h: path, comm, exe, name, cwd, cmd, EXECVE
/// arguments, ...): text in quotes, or hex digits of encoded bytes, or (null), (none) and ?, which
/// read as empty. Decoded bytes live in `arena`.
std::string_view decode_escaped(std::string_view value, Arena& arena);

/// Decodes pairs of hex digits; empty when there is anything else in it.
std::string_view decode_hex(std::string_view digits, Arena& arena);

}  // namespace mailvigil::ingest::adapter::audit_log

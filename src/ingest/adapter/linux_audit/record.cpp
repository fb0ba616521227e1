#include "ingest/adapter/linux_audit/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/strong_id.h"

namespace mailvigil::ingest::adapter::audit_log {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr std::array<std::int8_t, 256> make_hex_table() {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (int i = 0; i < 10; ++i) {
        table[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
    }
    for (int i = 0; i < 6; ++i) {
        table[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
        table[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    }
    return table;
}

constexpr auto kHexDigit = make_hex_table();

int hex_digit(char c) {
    return kHexDigit[static_cast<unsigned char>(c)];
}

/// Digits off the front of [at, end); nothing when there is none or more than 18 (such a number is
/// impossible here).
bool take_digits(const char*& at, const char* end, std::uint64_t& value) {
    const char* const start = at;
    value = 0;
    while (at < end && is_digit(*at)) {
        value = value * 10 + static_cast<std::uint64_t>(*at - '0');
        ++at;
    }
    return at != start && at - start <= 18;
}

template <class T>
std::optional<T> parse_whole(std::string_view value, int base) {
    T number{};
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, number, base);
    if (error != std::errc{} || stop != end) {
        return {};
    }
    return number;
}

/// "SEC.MSEC:SERIAL)" at `at`; leaves `at` behind the parenthesis.
bool take_stamp(const char*& at, const char* end, Stamp& stamp) {
    std::uint64_t seconds = 0;
    std::uint64_t milliseconds = 0;
    if (!take_digits(at, end, seconds) || at == end || *at++ != '.' ||
        !take_digits(at, end, milliseconds) || at == end || *at++ != ':' ||
        !take_digits(at, end, stamp.serial) || at == end || *at++ != ')') {
        return false;
    }
    // Beyond the year 2200 the clock reading is no time of a log.
    if (seconds > 7'258'118'400U || milliseconds > 999) {
        return false;
    }
    stamp.time = Timestamp(std::chrono::seconds(seconds) + std::chrono::milliseconds(milliseconds));
    return true;
}

}  // namespace

std::optional<RecordHeader> parse_header(std::string_view line, const RecordHeader& before) {
    RecordHeader header;
    const char* at = line.data();
    const char* const end = at + line.size();
    const auto rest = [&] { return std::string_view(at, static_cast<std::size_t>(end - at)); };
    const auto take_word = [&](std::string_view prefix, std::string_view& word) {
        if (!rest().starts_with(prefix)) {
            return false;
        }
        at += prefix.size();
        const char* const start = at;
        while (at < end && *at != ' ') {
            ++at;
        }
        word = {start, static_cast<std::size_t>(at - start)};
        at += at < end ? 1 : 0;
        return !word.empty();
    };
    take_word("node=", header.node);
    if (!take_word("type=", header.type)) {
        return {};
    }
    constexpr std::string_view kMessage = "msg=audit(";
    if (!rest().starts_with(kMessage)) {
        return {};
    }
    at += kMessage.size();
    const char* const id = at;
    const std::string_view known = before.id;
    if (!known.empty() && rest().size() > known.size() && id[known.size()] == ')' &&
        std::memcmp(id, known.data(), known.size()) == 0) {
        header.stamp = before.stamp;
        at += known.size() + 1;
    } else if (!take_stamp(at, end, header.stamp)) {
        return {};
    }
    header.id = {id, static_cast<std::size_t>(at - 1 - id)};
    if (at < end && *at == ':') {
        ++at;
    }
    // Old kernels write two spaces here.
    while (at < end && *at == ' ') {
        ++at;
    }
    header.body = rest();
    return header;
}

RecordType classify(std::string_view type) {
    struct Row {
        std::string_view name;
        RecordType type;
    };

    // The four that make up nearly all of a log come first.
    static constexpr Row kRows[] = {
        {"PATH", RecordType::path},
        {"SYSCALL", RecordType::syscall},
        {"PROCTITLE", RecordType::proctitle},
        {"CWD", RecordType::cwd},
        {"EXECVE", RecordType::execve},
        {"SOCKADDR", RecordType::sockaddr},
        {"EOE", RecordType::end_of_event},
        {"BPRM_FCAPS", RecordType::other},
        {"OPENAT2", RecordType::openat2},
        {"UNKNOWN[1337]", RecordType::openat2},
        {"URINGOP", RecordType::uring_operation},
        {"UNKNOWN[1336]", RecordType::uring_operation},
        {"MMAP", RecordType::mmap},
        {"LOGIN", RecordType::login},
        {"SERVICE_START", RecordType::service},
        {"SERVICE_STOP", RecordType::service},
        {"CONFIG_CHANGE", RecordType::configuration},
        {"SYSTEM_BOOT", RecordType::system},
        {"SYSTEM_SHUTDOWN", RecordType::system},
        {"SYSTEM_RUNLEVEL", RecordType::system},
        {"USER", RecordType::user},
        {"GRP_AUTH", RecordType::user},
        {"CHUSER_ID", RecordType::user},
        {"CHGRP_ID", RecordType::user},
        {"TRUSTED_APP", RecordType::user},
    };
    for (const Row& row : kRows) {
        if (row.name == type) {
            return row.type;
        }
    }
    if (type.starts_with("USER_") || type.starts_with("CRED_") || type.starts_with("ADD_") ||
        type.starts_with("DEL_")) {
        return RecordType::user;
    }
    return type.starts_with("DAEMON_") ? RecordType::daemon : RecordType::other;
}

bool FieldCursor::next(std::string_view& key, std::string_view& value) {
    while (at_ < end_ && *at_ != kEnrichmentMark) {
        if (*at_ == ' ' || *at_ == ',') {
            ++at_;
            continue;
        }
        const char* const start = at_;
        while (at_ < end_ && *at_ != '=' && *at_ != ' ' && *at_ != kEnrichmentMark) {
            ++at_;
        }
        if (at_ == end_ || *at_ != '=') {
            continue;
        }
        key = {start, static_cast<std::size_t>(at_ - start)};
        ++at_;
        value = take_value();
        return true;
    }
    return false;
}

std::string_view enriched_value(std::string_view body, std::string_view key) {
    // auditd's copy may have lost the mark, so the interpreted field is known by its upper-case
    // name and quote alone.
    std::size_t at = body.find(kEnrichmentMark);
    at = at == std::string_view::npos ? 0 : at;
    const std::size_t start = at;
    while ((at = body.find(key, at)) != std::string_view::npos) {
        const std::size_t open = at + key.size();
        const char before = at == 0 ? ' ' : body[at - 1];
        const bool whole = before != '-' && (before < 'A' || before > 'Z');
        // comm="AUID=" is a program's name, whatever stands behind it.
        const bool quoted = std::ranges::count(body.substr(start, at - start), '"') % 2 != 0;
        if (whole && !quoted && body.substr(open).starts_with("=\"")) {
            const std::size_t close = body.find('"', open + 2);
            return close == std::string_view::npos ? std::string_view()
                                                   : body.substr(open + 2, close - open - 2);
        }
        at = open;
    }
    return {};
}

std::optional<std::uint64_t> parse_number(std::string_view value) {
    return parse_whole<std::uint64_t>(value, 10);
}

std::optional<std::int64_t> parse_signed(std::string_view value) {
    return parse_whole<std::int64_t>(value, 10);
}

std::optional<std::uint64_t> parse_hex(std::string_view value) {
    constexpr std::size_t kDigitsMax = 16;
    if (value.empty() || value.size() > kDigitsMax) {
        return {};
    }
    std::uint64_t number = 0;
    int bad = 0;
    for (const char c : value) {
        const int digit = hex_digit(c);
        bad |= digit;
        number = number * 16 + static_cast<std::uint64_t>(digit & 0xf);
    }
    return bad < 0 ? std::nullopt : std::optional(number);
}

std::optional<std::uint64_t> parse_octal(std::string_view value) {
    return parse_whole<std::uint64_t>(value, 8);
}

// Digits of a value that the kernel wrote; junk behind them (a lost enrichment mark) ends the
// number. What is too large is the largest number, never a small one.
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

std::string_view decode_hex(std::string_view digits, Arena& arena) {
    if (digits.empty() || digits.size() % 2 != 0) {
        return {};
    }
    char* out = arena.allocate(digits.size() / 2);
    int bad = 0;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = hex_digit(digits[i]);
        const int low = hex_digit(digits[i + 1]);
        bad |= high | low;
        out[i / 2] = static_cast<char>((high * 16 + low) & 0xff);
    }
    return bad < 0 ? std::string_view() : std::string_view(out, digits.size() / 2);
}

std::string_view decode_escaped(std::string_view value, Arena& arena) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        return value.substr(1, value.size() - 2);
    }
    if (value == "(null)" || value == "(none)" || value == "?" || value.starts_with("(null)")) {
        return {};
    }
    // audit_log_n_hex writes upper case only; a bare word in lower case is text of user space.
    if (value.find_first_of("abcdef") != std::string_view::npos) {
        return value;
    }
    const std::string_view decoded = decode_hex(value, arena);
    return decoded.empty() ? value : decoded;
}

}  // namespace mailvigil::ingest::adapter::audit_log

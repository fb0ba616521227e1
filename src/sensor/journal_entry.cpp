#include "sensor/journal_entry.h"

#include <array>
#include <charconv>
#include <optional>

#include "base/address.h"
#include "base/path_map.h"

namespace mailvigil::sensor {

namespace {

// systemd's catalogue, sd-messages.h.
constexpr std::string_view kUnitStarted = "39f53479d3a045ac8e11786248231fbf";
constexpr std::string_view kUnitStopped = "9d1aaa27d60140bd96365438aad20286";
constexpr std::string_view kUnitReloaded = "7b05ebc668384222baa8881179cfda54";
constexpr std::string_view kUnitFailed = "be02cf6855d2428ba40df7e9d022f03d";

struct Told {
    EventClass event_class = EventClass::session;
    std::string_view action;
    bool good = true;
    std::string_view operation;
    std::string_view user;
    std::string_view address;
    std::string_view terminal;
    std::string_view directory;
    std::string_view command;
    std::string_view unit;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    return end.ec == std::errc() && end.ptr == text.data() + text.size() ? std::optional(value)
                                                                         : std::nullopt;
}

/// The word behind `before`; empty: it is not there.
std::string_view word_behind(std::string_view text, std::string_view before) {
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = text.substr(at + before.size());
    return rest.substr(0, rest.find_first_of(" ("));
}

/// Of "KEY=value ; KEY=value", which sudo writes; the command is the last and may hold anything.
std::string_view sudo_value(std::string_view text, std::string_view key) {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = text.substr(at + key.size());
    return key == "COMMAND=" ? rest : rest.substr(0, rest.find(" ;"));
}

bool read_unit(const JournalEntry& entry, Told& told) {
    told.event_class = EventClass::service;
    told.unit = entry.unit;
    if (told.unit.ends_with(".service")) {
        told.unit.remove_suffix(std::string_view(".service").size());
    }
    if (entry.message_id == kUnitStarted) {
        told.action = "SERVICE_START";
    } else if (entry.message_id == kUnitReloaded) {
        told.action = "SERVICE_RELOAD";
    } else if (entry.message_id == kUnitStopped) {
        told.action = "SERVICE_STOP";
    } else if (entry.message_id == kUnitFailed) {
        told.action = "SERVICE_START";
        told.good = false;
    }
    return !told.action.empty() && !told.unit.empty();
}

bool read_sshd(std::string_view message, Told& told) {
    const bool good = message.starts_with("Accepted ");
    if (!good && !message.starts_with("Failed ")) {
        return false;
    }
    told.action = good ? "USER_LOGIN" : "USER_AUTH";
    told.good = good;
    told.operation = "login";
    told.user =
        word_behind(message, message.contains(" invalid user ") ? " invalid user " : " for ");
    told.address = word_behind(message, " from ");
    return true;
}

bool read_sudo(std::string_view message, Told& told) {
    if (!message.contains(" ; COMMAND=")) {
        return false;
    }
    message.remove_prefix(std::min(message.find_first_not_of(' '), message.size()));
    told.action = "USER_CMD";
    told.user = message.substr(0, message.find(' '));
    told.good =
        !message.contains("command not allowed ;") && !message.contains("incorrect password");
    told.terminal = sudo_value(message, "TTY=");
    told.directory = sudo_value(message, "PWD=");
    told.command = sudo_value(message, "COMMAND=");
    return true;
}

bool read_pam(std::string_view message, Told& told) {
    if (!message.starts_with("pam_")) {
        return false;
    }
    if (message.contains("session opened for user ")) {
        told.action = "USER_START";
        told.operation = "PAM:session_open";
        told.user = word_behind(message, "session opened for user ");
    } else if (message.contains("session closed for user ")) {
        told.action = "USER_END";
        told.operation = "PAM:session_close";
        told.user = word_behind(message, "session closed for user ");
    } else if (message.contains("authentication failure")) {
        told.action = "USER_AUTH";
        told.operation = "PAM:authentication";
        told.good = false;
        told.user = word_behind(message, " user=");
    } else {
        return false;
    }
    return true;
}

bool read(const JournalEntry& entry, Told& told) {
    if (entry.user != "0") {
        return false;  // anybody may write anything into the journal
    }
    if (entry.pid == "1") {
        return read_unit(entry, told);
    }
    const std::string_view program = base_name(entry.executable);
    if (read_pam(entry.message, told)) {
        return true;
    }
    if (program.starts_with("sshd")) {
        return read_sshd(entry.message, told);
    }
    return program == "sudo" && read_sudo(entry.message, told);
}

}  // namespace

void set_journal_field(std::string_view field, JournalEntry& entry) {
    struct Row {
        std::string_view name;
        std::string JournalEntry::* member;
    };

    static constexpr std::array<Row, 9> kRows = {{{"MESSAGE=", &JournalEntry::message},
                                                  {"MESSAGE_ID=", &JournalEntry::message_id},
                                                  {"UNIT=", &JournalEntry::unit},
                                                  {"_EXE=", &JournalEntry::executable},
                                                  {"_COMM=", &JournalEntry::name},
                                                  {"_PID=", &JournalEntry::pid},
                                                  {"_UID=", &JournalEntry::user},
                                                  {"_AUDIT_LOGINUID=", &JournalEntry::login_user},
                                                  {"_AUDIT_SESSION=", &JournalEntry::session}}};
    for (const Row& row : kRows) {
        if (field.starts_with(row.name)) {
            entry.*row.member = field.substr(row.name.size());
        }
    }
}

bool give_journal_entry(const JournalEntry& entry, EventBatch& batch) {
    Told told;
    if (!read(entry, told)) {
        return false;
    }
    Event& event = batch.add(told.event_class, entry.time);
    Arena& arena = batch.arena();
    const auto put = [&](Field field, std::string_view text) {
        if (!text.empty()) {
            event.put(field, arena.copy(text));
        }
    };
    const auto put_number = [&](Field field, std::string_view text) {
        if (const auto number = parse_number(text); number && *number < 0xffffffffU) {
            event.put(field, *number);
        }
    };
    put(Field::event_id, entry.cursor.empty() ? std::string_view() : entry.cursor);
    put(Field::event_action, told.action);
    event.set_event_outcome(told.good ? "success" : "failure");
    put(Field::process_executable, entry.executable);
    put(Field::process_name, entry.name);
    put_number(Field::process_pid, entry.pid);
    put_number(Field::user_id, entry.user);
    put_number(Field::login_user_id, entry.login_user);
    put_number(Field::session_id, entry.session);
    put(Field::user_name, told.user);
    put(Field::session_operation, told.operation);
    put(Field::session_terminal, told.terminal);
    put(Field::process_working_directory, told.directory);
    put(Field::process_command_line, told.command);
    put(Field::service_name, told.unit);
    if (const auto address = parse_address(told.address)) {
        event.set_source_ip(*address);
    }
    return true;
}

}  // namespace mailvigil::sensor

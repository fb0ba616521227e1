// Events of one record: messages that programs in user space sent (PAM, sudo, systemd, auditctl),
// and those of the audit system itself. What a message says stands in msg='…' as fields of its own.
#include <algorithm>

#include "base/strong_id.h"
#include "ingest/adapter/linux_audit/normalise.h"

namespace mailvigil::ingest::adapter::audit_log {

namespace {

struct Message {
    std::string_view operation;
    std::string_view account;
    std::string_view account_id;
    std::string_view executable;
    std::string_view host;
    std::string_view address;
    std::string_view terminal;
    std::string_view result;
    std::string_view command;
    std::string_view directory;
    std::string_view unit;
    std::string_view text;
};

bool is_absent(std::string_view value) {
    return value.empty() || value == "?" || value == "(null)" || value == "(none)";
}

/// What stands between the quotes of msg='…'; commands with an apostrophe in them are written in
/// hex, so the last quote ends it.
std::string_view message_text(std::string_view body) {
    const std::size_t start = body.find("msg='");
    if (start == std::string_view::npos) {
        return {};
    }
    const std::string_view text = body.substr(start + 5);
    const std::size_t mark = text.find(kEnrichmentMark);
    const std::size_t close = text.substr(0, mark).rfind('\'');
    return text.substr(0, close);
}

Message parse_message(std::string_view text) {
    Message message;
    // auditctl -m: free text up to the exe field, which auditctl itself writes last of its name.
    if (text.starts_with("text=")) {
        const std::size_t end = std::min(text.rfind(" exe="), text.size());
        message.text = text.substr(5, end - 5);
        text.remove_prefix(end);
    }
    FieldCursor cursor(text);
    std::string_view key;
    std::string_view value;
    while (cursor.next(key, value)) {
        if (key == "op") {
            message.operation = value;
        } else if (key == "acct") {
            message.account = value;
        } else if (key == "id") {
            message.account_id = value;
        } else if (key == "exe") {
            message.executable = value;
        } else if (key == "hostname") {
            message.host = value;
        } else if (key == "addr") {
            message.address = value;
        } else if (key == "terminal") {
            message.terminal = value;
        } else if (key == "res") {
            message.result = value;
        } else if (key == "cmd") {
            message.command = value;
        } else if (key == "cwd") {
            message.directory = value;
        } else if (key == "unit") {
            message.unit = value;
        }
    }
    return message;
}

void set_ids(std::string_view body, Event& event) {
    FieldCursor cursor(body);
    std::string_view key;
    std::string_view value;
    while (cursor.next(key, value)) {
        const auto number = parse_number(value);
        if (!number || *number == kUnset) {
            continue;
        }
        if (key == "pid") {
            event.set_process_pid(*number);
        } else if (*number > kUnset) {
            continue;
        } else if (key == "uid") {
            event.set_user_id(*number);
        } else if (key == "auid") {
            event.set_login_user_id(*number);
        } else if (key == "ses") {
            event.set_session_id(*number);
        }
    }
}

void set_message(const Message& message, Event& event, Arena& arena) {
    const auto put = [&](Field field, std::string_view value) {
        if (!is_absent(value)) {
            event.put(field, decode_escaped(value, arena));
        }
    };
    // These are never written in hex, however much a value looks like it.
    const auto put_plain = [&](Field field, std::string_view value) {
        if (!is_absent(value)) {
            const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
            event.put(field, quoted ? value.substr(1, value.size() - 2) : value);
        }
    };
    put(Field::process_executable, message.executable);
    put(Field::process_command_line, message.command);
    put(Field::process_working_directory, message.directory);
    put(Field::user_name, message.account);
    put_plain(Field::session_operation, message.operation);
    put_plain(Field::source_name, message.host);
    put_plain(Field::session_terminal, message.terminal);
    put_plain(Field::service_name, message.unit);
    if (!message.text.empty()) {
        event.set_message(message.text);
    }
    if (const auto address = parse_address(message.address)) {
        event.set_source_ip(*address);
    }
    const bool good = message.result.empty() || message.result.starts_with("success") ||
                      message.result.starts_with('1');
    event.set_event_outcome(good ? "success" : "failure");
}

EventClass class_of(RecordType type) {
    switch (type) {
        case RecordType::service:
        case RecordType::system:
            return EventClass::service;
        case RecordType::configuration:
        case RecordType::daemon:
            return EventClass::configuration;
        default:
            return EventClass::session;
    }
}

/// LOGIN: `auid` and `ses` are the new ones; an unset old-auid is no field of ours.
void set_login(std::string_view body, Event& event) {
    FieldCursor cursor(body);
    std::string_view key;
    std::string_view value;
    while (cursor.next(key, value)) {
        if (key == "res" || key == "success") {
            event.set_event_outcome(value.starts_with('1') ? "success" : "failure");
        }
    }
}

}  // namespace

bool Normaliser::single_record(RecordType type, const RecordHeader& header, EventBatch& batch) {
    Event& event = batch.add(class_of(type), header.stamp.time);
    event.set_event_id(header.id);
    event.set_event_action(header.type);
    if (!header.node.empty()) {
        event.set_host_name(header.node);
    }
    const std::string_view text = message_text(header.body);
    const std::size_t before_message = header.body.find("msg='");
    set_ids(header.body.substr(0, before_message), event);
    if (type == RecordType::login) {
        set_login(header.body, event);
    } else {
        // CONFIG_CHANGE and DAEMON_* write their fields without msg='…'.
        const Message message = parse_message(text.empty() ? header.body : text);
        set_message(message, event, batch.arena());
        if (!event.has(Field::user_name) && !message.account_id.empty()) {
            const std::string_view name = enriched_value(header.body, "ID");
            if (!name.empty()) {
                event.set_user_name(name);
            }
        }
    }
    if (event.has(Field::login_user_id)) {
        const auto id = static_cast<std::uint32_t>(event.login_user_id());
        const std::string_view name = names_.name(header.node, id, header.body, "AUID");
        if (!name.empty()) {
            event.set_login_user_name(name);
        }
    }
    return true;
}

}  // namespace mailvigil::ingest::adapter::audit_log

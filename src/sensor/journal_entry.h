// JournalEntry: one entry of the journal as far as sessions and units are told by it, and the Event
// that the audit log would have for it. Only fields that the journal itself sets (they begin with
// an underscore) say who wrote it; the message is a claim of that program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/event_batch.h"

namespace mailvigil::sensor {

struct JournalEntry {
    Timestamp time{};
    std::string message;     ///< MESSAGE
    std::string message_id;  ///< MESSAGE_ID
    std::string unit;        ///< UNIT: which unit systemd speaks of
    std::string executable;  ///< _EXE
    std::string name;        ///< _COMM
    std::string pid;         ///< _PID
    std::string user;        ///< _UID
    std::string login_user;  ///< _AUDIT_LOGINUID
    std::string session;     ///< _AUDIT_SESSION
    std::string cursor;
};

/// False: the entry tells of no session and no unit.
bool give_journal_entry(const JournalEntry& entry, EventBatch& batch);

/// `NAME=value` of journal fields into the entry.
void set_journal_field(std::string_view field, JournalEntry& entry);

}  // namespace mailvigil::sensor

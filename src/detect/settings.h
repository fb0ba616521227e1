// Settings of detection: the mutable elements of ATT&CK AN1310 and AN0473 under ATT&CK's own names,
// and what this site declared as its own honest work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "mail/configuration_map.h"
#include "mail/store_map.h"

namespace mailvigil::detect {

/// Work that somebody has declared: for these actors, mailboxes or configuration, in this time, it
/// is administration.
struct Declaration {
    std::string reason;
    std::vector<std::string> by;         ///< login names; empty: anybody
    std::vector<std::string> mailboxes;  ///< globs over mailbox names; empty and no `paths`: none
    std::vector<std::string> paths;      ///< path patterns of configuration
    std::vector<std::string> programs;   ///< path patterns of the program or script; empty: any
    std::optional<Timestamp> from;
    std::optional<Timestamp> until;
};

/// A weekly time in UTC in which configuration may change.
struct ChangeWindow {
    std::uint8_t weekdays = 0x7f;  ///< bit 0 is Sunday
    Duration from{};               ///< since midnight
    Duration until{};              ///< since midnight; below `from`: on the next day

    [[nodiscard]] bool contains(Timestamp time) const;
};

/// A list that the shipped data gives and the site adds to or takes from.
struct NameList {
    std::vector<std::string> add;
    std::vector<std::string> remove;
};

struct Settings {
    // AN1310
    mail::WatchedMailDirs watched_mail_dirs;
    NameList process_name_list;  ///< ways out by program name, beside rules/tools
    Duration time_window = std::chrono::minutes(10);
    // AN0473
    mail::MailTransportScriptPath mail_transport_script_path;
    NameList user_context;  ///< accounts of mail services, beside the shipped ones
    std::uint64_t exec_frequency_threshold = 1;

    /// So many owners' mailboxes opened by one session or process tree are harvesting.
    std::uint64_t mailboxes_to_harvest = 3;
    std::vector<Declaration> declarations;
    std::vector<ChangeWindow> change_windows;
    std::vector<Network> internal_networks;     ///< a connection to these is no way out
    std::vector<std::string> internal_domains;  ///< mail to these is no way out
    std::string host_name;                      ///< for logs that name none
};

}  // namespace mailvigil::detect

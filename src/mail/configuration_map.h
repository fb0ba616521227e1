// ConfigurationMap: path -> object that decides how mail flows (ATT&CK AN0473), from the catalogue
// profiles/mail-configuration.yml and the setting MailTransportScriptPath.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/path_map.h"
#include "base/yaml.h"
#include "mail/path_bases.h"

namespace mailvigil::mail {

enum class ObjectRole : std::uint8_t {
    configuration,  ///< settings of a mail program
    map,            ///< lookup table, text or compiled
    alias,          ///< aliases file, text or compiled
    filter,         ///< global filter language: sieve, procmail, content filter code
    script,         ///< a program that the mail system runs
    binary,         ///< a program or daemon of the mail system
    plugin,         ///< code that a mail daemon loads
    unit,           ///< service manager unit or init script
    drop_in,        ///< what changes a unit from beside it
    hook,           ///< run by the host on an event: link up, log rotation, certificate renewal
    user_filter,    ///< a user's own .forward, sieve or procmail
    library_path,   ///< decides what code interpreters and the linker load
    cron,           ///< run on a schedule
};

std::string_view to_text(ObjectRole role);

/// What a path means to the mail flow. Views borrow from the path asked for and from the
/// ConfigurationMap.
struct ConfigurationPlace {
    std::string_view
        software;  ///< postfix, exim, sendmail, opensmtpd, dovecot, rspamd, amavis, ...
    ObjectRole role = ObjectRole::configuration;
    std::string_view user;  ///< of a user_filter; empty otherwise
    std::string_view
        activation;  ///< what makes a change live: "next delivery", "reload", "restart", "at once"
    std::string_view means;     ///< why it matters: "can copy, redirect or pipe any message"
    std::string_view severity;  ///< high, medium or low
    bool transient =
        false;  ///< an editor's or package manager's temporary: the rename that follows counts
};

/// The setting MailTransportScriptPath (ATT&CK AN0473): directories whose files the mail system
/// runs.
struct MailTransportScriptPath {
    std::vector<std::string> add;
    std::vector<std::string> remove;  ///< of the catalogue's own, or subtrees that are none
    std::string source = "MailTransportScriptPath";  ///< where the setting stands, for diagnostics
};

class ConfigurationMap {
  public:
    static constexpr std::size_t kEntriesMax = 20'000;

    /// From a catalogue document. What is wrong in it goes to `diagnostics`; the rest counts.
    static ConfigurationMap load(const yaml::Node& catalogue,
                                 std::string_view source,
                                 const MailTransportScriptPath& scripts,
                                 Diagnostics& diagnostics);

    /// What an absolute normalised path is to the mail flow. No allocation.
    [[nodiscard]] std::optional<ConfigurationPlace> locate(std::string_view path) const;

    /// Every pattern that is in force, as PathMap has them.
    void each_pattern(
        const std::function<void(std::string_view pattern, ObjectRole role)>& visit) const;

    /// How many patterns are in force.
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

    /// MailTransportScriptPath as it is in force, for findings' settings.
    [[nodiscard]] const std::vector<std::string>& transport_script_paths() const {
        return scripts_;
    }

  private:
    struct Entry {
        std::string path;
        std::string software;
        ObjectRole role = ObjectRole::configuration;
        std::string owner;  ///< of a user_filter whose path names no user
        std::string activation;
        std::string means;
        std::string severity;
        WrittenAt written;
    };

    class Loader;

    std::vector<Entry> entries_;
    std::vector<std::string> scripts_;
    PathMap map_;
    PathMap excluded_;
};

/// Whether an editor, package manager or configuration tool gives such names to files that it is
/// about to rename or to forget: main.cf.tmp, sedA1b2C3, .main.cf.swp, 4913, main.cf~,
/// main.cf.dpkg-new, .ansible_tmp….
bool is_temporary_name(std::string_view name);

}  // namespace mailvigil::mail

// StoreMap: path -> mail store, format, owner and folder, from the catalogue
// profiles/mail-stores.yml and the setting WatchedMailDirs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/path_map.h"
#include "base/yaml.h"
#include "mail/path_bases.h"
#include "mail/store_format.h"

namespace mailvigil::mail {

/// What an access to a path touches. Views borrow from the path asked for and from the StoreMap.
struct StorePlace {
    const StoreFormat* format = nullptr;
    std::string_view
        software;             ///< catalogue's word: "system mailbox", "Dovecot", "Thunderbird", ...
    std::string_view user;    ///< owner as the path names it; empty: none (a queue, a shared index)
    std::string_view domain;  ///< of a virtual mailbox; empty otherwise
    std::string_view folder;  ///< as the store writes it; empty: INBOX; kAnyFolder: not known
    std::string_view root;    ///< the mailbox's own root path
    ObjectKind kind = ObjectKind::content;
    bool shared = false;  ///< holds mail of many owners: a queue, a quarantine, one file for all

    /// "user@domain", "user", or the root path when the path names no owner.
    [[nodiscard]] std::string mailbox() const;

    /// The folder as a person names it: "INBOX", "Lists/dev".
    [[nodiscard]] std::string folder_name() const;
};

/// One line of the catalogue or of WatchedMailDirs.
struct StoreEntry {
    std::string path;  ///< PathMap pattern with the captures {user} and {domain}; may start with a
                       ///< base: `~/Maildir/**`
    std::string format;  ///< roster name
    std::string software;
    bool shared = false;
    std::string owner;   ///< where the path has no {user}: whose it is
    std::string folder;  ///< what the store's root is, when not INBOX (`~/mbox`)
    bool root_above =
        false;  ///< the mailbox is the folder that holds the pattern's (`/var/mail/{user}/cur/**`)
    WrittenAt written;
};

/// The setting WatchedMailDirs (ATT&CK AN1310).
struct WatchedMailDirs {
    /// Directories to watch beside the catalogue's; each pattern counts with all that is below it.
    /// Without a format, all files there are mail.
    std::vector<StoreEntry> add;
    std::vector<std::string>
        remove;  ///< patterns of the catalogue, or paths whose subtrees are no mail store
    std::string source = "WatchedMailDirs";  ///< where the setting stands, for diagnostics
};

class StoreMap {
  public:
    static constexpr std::size_t kEntriesMax = 20'000;

    /// From a catalogue document. What is wrong in it goes to `diagnostics`; the rest counts.
    static StoreMap load(const yaml::Node& catalogue,
                         std::string_view source,
                         const WatchedMailDirs& watched,
                         Diagnostics& diagnostics);

    /// The store that an absolute normalised path lies in. No allocation.
    [[nodiscard]] std::optional<StorePlace> locate(std::string_view path, bool directory) const;

    /// Every pattern that is in force, as PathMap has them.
    void each_pattern(const std::function<void(std::string_view pattern)>& visit) const;

    /// How many patterns are in force (bases multiplied out), for findings' settings.
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    class Loader;

    std::vector<StoreEntry> entries_;
    std::vector<const StoreFormat*> formats_;  ///< of each entry
    PathMap map_;
    PathMap excluded_;  ///< subtrees that WatchedMailDirs removes
};

}  // namespace mailvigil::mail

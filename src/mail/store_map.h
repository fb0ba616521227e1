// StoreMap: path -> mail store, format, owner and folder, from the catalogue profiles/mail-stores.yml and the setting
// WatchedMailDirs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/path_map.h"
#include "base/yaml.h"
#include "mail/store_format.h"

namespace mailvigil::mail {

/// What an access to a path touches. Views borrow from the path asked for and from the StoreMap.
struct StorePlace {
    const StoreFormat* format = nullptr;
    std::string_view software;     ///< catalogue's word: "system mailbox", "Dovecot", "Thunderbird", "Postfix queue", ...
    std::string_view user;         ///< owner as the path names it; empty: the path names none (a queue, a shared index)
    std::string_view domain;       ///< of a virtual mailbox; empty otherwise
    std::string_view folder;       ///< empty: INBOX
    std::string_view root;         ///< the mailbox's own root path
    ObjectKind kind = ObjectKind::content;
    bool shared = false;  ///< holds mail of many owners: a queue, a quarantine, a store of one file for all

    /// "user@domain", "user", or the root path when the path names no owner.
    [[nodiscard]] std::string mailbox() const;
};

/// One line of the catalogue or of WatchedMailDirs.
struct StoreEntry {
    std::string path;    ///< PathMap pattern; {home} stands for each of the catalogue's homes
    std::string format;  ///< roster name
    std::string software;
    bool shared = false;
};

/// The setting WatchedMailDirs (ATT&CK AN1310).
struct WatchedMailDirs {
    std::vector<StoreEntry> add;
    std::vector<std::string> remove;  ///< patterns of the catalogue, or paths whose subtrees are no mail store
};

class StoreMap {
  public:
    /// From a catalogue document. What is wrong in it goes to `diagnostics`; the rest counts.
    static StoreMap load(const yaml::Node& catalogue,
                         std::string_view source,
                         const WatchedMailDirs& watched,
                         Diagnostics& diagnostics);

    /// The store that an absolute normalised path lies in. No allocation.
    [[nodiscard]] std::optional<StorePlace> locate(std::string_view path, bool directory) const;

    /// How many patterns are in force (homes multiplied out), for findings' settings.
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    std::vector<StoreEntry> entries_;
    std::vector<const StoreFormat*> formats_;  ///< of each entry
    PathMap map_;
};

}  // namespace mailvigil::mail

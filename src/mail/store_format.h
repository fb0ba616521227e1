// StoreFormat: what is known of one way to keep mail in files. One per file of mail/store/
// (roster).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailvigil::mail {

/// What a file or directory within a store is.
enum class ObjectKind : std::uint8_t {
    content,    ///< messages
    index,      ///< holds headers, envelopes or full text of messages (caches, search indexes)
    control,    ///< flags, uid lists, access lists: no content
    directory,  ///< listing it tells names only
    transient,  ///< locks and temporary names: noise
};

std::string_view to_text(ObjectKind kind);

/// Folder of a place that may belong to any folder of its mailbox (mdbox, Zimbra).
inline constexpr std::string_view kAnyFolder = "*";

/// A place inside one mailbox store.
struct PlaceInStore {
    ObjectKind kind = ObjectKind::content;
    /// As the store writes it, borrowed from the path or static; empty: INBOX. For people:
    /// StoreFormat::name_folder.
    std::string_view folder;
};

struct StoreFormat {
    std::string_view name;     ///< the file's stem
    std::string_view summary;  ///< one line

    /// `rest`: path below the store's root, without leading slash; empty for the root itself.
    /// `directory`: whether the object is known to be a directory. Nothing: the path lies there but
    /// belongs to no mailbox (a browser cache in a Thunderbird profile, hint databases beside a
    /// queue). Pure; the result borrows from `rest`.
    std::optional<PlaceInStore> (*locate)(std::string_view rest, bool directory);

    /// Appends the folder as a person names it (`.Lists.dev` -> `Lists/dev`). Null: as the store
    /// writes it.
    void (*name_folder)(std::string_view folder, std::string& out) = nullptr;
};

}  // namespace mailvigil::mail

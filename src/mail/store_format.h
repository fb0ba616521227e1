// StoreFormat: what is known of one way to keep mail in files. One per file of mail/store/ (roster).
#pragma once

#include <cstdint>
#include <string_view>

namespace mailvigil::mail {

/// What a file or directory within a store is.
enum class ObjectKind : std::uint8_t {
    content,    ///< messages
    index,      ///< holds headers or full text of messages (caches, search indexes)
    control,    ///< flags, uid lists, access lists: no content
    directory,  ///< listing it tells names only
    transient,  ///< locks and temporary names: noise
};

std::string_view to_text(ObjectKind kind);

/// A place inside one mailbox store.
struct PlaceInStore {
    ObjectKind kind = ObjectKind::content;
    std::string_view folder;  ///< as a person names it; empty: INBOX. Borrowed from the path, or static.
};

struct StoreFormat {
    std::string_view name;     ///< the file's stem
    std::string_view summary;  ///< one line
    /// `rest`: path below the store's root, without leading slash; empty for the root itself. `directory`: whether the object is
    /// known to be a directory. Pure; the result borrows from `rest`.
    PlaceInStore (*locate)(std::string_view rest, bool directory);
};

}  // namespace mailvigil::mail

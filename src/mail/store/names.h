// Taking paths below a store's root apart, and the file names that several store formats share.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

namespace mailvigil::mail::store {

struct Split {
    std::string_view head;  ///< before the slash
    std::string_view tail;  ///< behind it
};

/// At the first slash; without one, all is head.
inline Split split_first(std::string_view path) {
    const std::size_t slash = path.find('/');
    return slash == std::string_view::npos ? Split{path, {}}
                                           : Split{path.substr(0, slash), path.substr(slash + 1)};
}

/// At the last slash; without one, all is tail.
inline Split split_last(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? Split{{}, path}
                                           : Split{path.substr(0, slash), path.substr(slash + 1)};
}

inline bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return '0' <= c && c <= '9'; });
}

/// Locks and half-written files: `bob.lock`, exim's `bob.lock.host.1a.2b`, procmail's
/// `BOGUS.bob.x`, `.lk…`, NFS leftovers.
inline bool is_transient_name(std::string_view name) {
    return name.ends_with(".lock") || name.contains(".lock.") || name.starts_with(".lk") ||
           name.starts_with("BOGUS.") || name.starts_with(".nfs") || name.ends_with(".tmp") ||
           name.starts_with(".temp.") || name.ends_with(".newlock");
}

/// Dovecot's caches and full-text indexes: headers and words of messages.
inline bool is_dovecot_index_name(std::string_view name) {
    return name.starts_with("dovecot.index.cache") || name.starts_with("dovecot.index.fts") ||
           name.starts_with("fts-") || name.starts_with("lucene-indexes") ||
           name.starts_with("xapian-indexes");
}

/// Dovecot's and Courier's files of flags, uids, folder names, quotas and access rights.
inline bool is_control_name(std::string_view name) {
    return name.starts_with("dovecot") || name.starts_with(".dovecot") ||
           name.starts_with("courier") || name == "subscriptions" || name == ".subscriptions" ||
           name == ".mailboxlist" || name == "maildirsize" || name == "maildirfolder" ||
           name == "maildirshare";
}

/// What stands before the first index file or index folder of the path; nothing when there is none
/// in it.
inline std::optional<std::string_view> before_index(std::string_view path) {
    for (std::size_t start = 0; start < path.size();) {
        const std::string_view name = split_first(path.substr(start)).head;
        if (is_dovecot_index_name(name) || name == ".notmuch" || name == "xapian") {
            return path.substr(0, start == 0 ? 0 : start - 1);
        }
        start += name.size() + 1;
    }
    return {};
}

}  // namespace mailvigil::mail::store

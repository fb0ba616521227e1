// Cyrus IMAP: one file a message, `<uid>.` with a trailing dot, in a directory a folder;
// cyrus.cache holds headers, the squat and Xapian files words, the other cyrus.* files flags
// (imapd.conf(5), partition-*).
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [folder, name] = split_last(rest);
    if (directory || rest.empty()) {
        return PlaceInStore{ObjectKind::directory, rest};
    }
    if (name.ends_with('.') && is_number(name.substr(0, name.size() - 1))) {
        return PlaceInStore{ObjectKind::content, folder};
    }
    if (name == "cyrus.cache" || name.starts_with("cyrus.squat") ||
        name.starts_with("cyrus.indexed")) {
        return PlaceInStore{ObjectKind::index, folder};
    }
    if (is_transient_name(name) || name.ends_with(".NEW")) {
        return PlaceInStore{ObjectKind::transient, folder};
    }
    if (name.starts_with("cyrus.")) {
        return PlaceInStore{ObjectKind::control, folder};
    }
    // Folders are named freely; only files have the names above.
    return PlaceInStore{ObjectKind::directory, rest};
}

}  // namespace

extern const StoreFormat cyrus{.name = "cyrus",
                               .summary = "Cyrus IMAP spool: <uid>. files and cyrus.* beside them",
                               .locate = locate};

}  // namespace mailvigil::mail::store

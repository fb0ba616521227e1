// Dovecot's own formats. sdbox: mailboxes/<folder>/dbox-Mails/u.<uid>, one file a message. mdbox:
// storage/m.<n>, messages of any folder in one file. Plain dovecot.index files hold flags only;
// dovecot.index.cache holds headers.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

ObjectKind kind_of(std::string_view name) {
    if (is_transient_name(name)) {
        return ObjectKind::transient;
    }
    if (is_dovecot_index_name(name)) {
        return ObjectKind::index;
    }
    const bool message = name.starts_with("u.") || name.starts_with("m.");
    return message ? ObjectKind::content : ObjectKind::control;
}

/// The folder of a path below mailboxes/: what stands before dbox-Mails (or dbox-Alt-Mails).
std::string_view folder_of(std::string_view below, bool directory) {
    for (const std::string_view mails : {"/dbox-Mails", "/dbox-Alt-Mails"}) {
        const std::size_t at = below.find(mails);
        const std::size_t end = at + mails.size();
        if (at != std::string_view::npos && (end == below.size() || below[end] == '/')) {
            return below.substr(0, at);
        }
    }
    return directory ? below : split_last(below).head;
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [head, below] = split_first(rest);
    std::string_view folder;
    if (head == "mailboxes") {
        folder = folder_of(below, directory);
    } else if (head == "storage") {
        folder = kAnyFolder;
    }
    if (folder == "INBOX") {
        folder = {};
    }
    const std::string_view name = split_last(rest).tail;
    const bool known_directory =
        below.empty() && (head.empty() || head == "mailboxes" || head == "storage");
    if (before_index(rest)) {
        return PlaceInStore{ObjectKind::index, folder};
    }
    if (directory || known_directory || name.starts_with("dbox-")) {
        return PlaceInStore{ObjectKind::directory, folder};
    }
    return PlaceInStore{kind_of(name), folder};
}

}  // namespace

extern const StoreFormat dbox{
    .name = "dbox", .summary = "Dovecot sdbox and mdbox", .locate = locate};

}  // namespace mailvigil::mail::store

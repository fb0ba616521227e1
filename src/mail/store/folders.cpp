// ~/Mail or ~/mail: each mail client puts folders of its own kind there, so that mbox files, MH and
// Maildir folders lie side by side. The names below the folder tell which.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

extern const StoreFormat maildir;
extern const StoreFormat mbox;
extern const StoreFormat mh;

namespace {

bool in_maildir(std::string_view rest) {
    while (!rest.empty()) {
        const auto [head, below] = split_first(rest);
        if (head == "cur" || head == "new" || head == "tmp") {
            return true;
        }
        rest = below;
    }
    return false;
}

bool in_mh(std::string_view name) {
    return is_number(name.starts_with(',') ? name.substr(1) : name) || name.starts_with(".mh_") ||
           name.starts_with(".claws_") || name.starts_with(".sylpheed_") || name == ".overview";
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    // A checkout or an editor's folder that happens to lie in ~/mail is no mail.
    if (rest.starts_with(".git/") || rest.contains("/.git/")) {
        return {};
    }
    if (in_maildir(rest)) {
        return maildir.locate(rest, directory);
    }
    if (!rest.starts_with(".imap/") && before_index(rest)) {
        return PlaceInStore{ObjectKind::index, kAnyFolder};
    }
    return in_mh(split_last(rest).tail) ? mh.locate(rest, directory) : mbox.locate(rest, directory);
}

void name_folder(std::string_view folder, std::string& out) {
    maildir.name_folder(folder, out);
}

}  // namespace

extern const StoreFormat folders{
    .name = "folders",
    .summary = "a user's mail folder: mbox files, MH and Maildir folders",
    .locate = locate,
    .name_folder = name_folder};

}  // namespace mailvigil::mail::store

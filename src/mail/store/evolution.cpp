// Evolution: local/ is Maildir++ below .local/share/evolution/mail; a server's mail is cached below
// .cache/evolution/mail as <account>/folders/<F>/subfolders/<G>/cur/<xx>/<uid>, headers in
// folders.db.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

extern const StoreFormat maildir;

namespace {

bool is_index(std::string_view name) {
    return name.starts_with("folders.db") || name.contains(".ibex.") || name.ends_with(".cmeta") ||
           name.ends_with(".ev-summary");
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [account, below] = split_first(rest);
    const std::string_view name = split_last(rest).tail;
    if (is_index(name)) {
        return PlaceInStore{ObjectKind::index, kAnyFolder};
    }
    if (below.empty()) {
        return PlaceInStore{ObjectKind::directory, {}};
    }
    return maildir.locate(below, directory);
}

void name_folder(std::string_view folder, std::string& out) {
    if (folder.starts_with('.')) {
        maildir.name_folder(folder, out);
        return;
    }
    const std::size_t start = out.size();
    while (!folder.empty()) {
        const auto [name, below] = split_first(folder);
        if (name != "folders" && name != "subfolders") {
            out += out.size() == start ? "" : "/";
            out += name;
        }
        folder = below;
    }
}

}  // namespace

extern const StoreFormat evolution{
    .name = "evolution",
    .summary = "Evolution: local Maildir++ and cached server folders",
    .locate = locate,
    .name_folder = name_folder};

}  // namespace mailvigil::mail::store

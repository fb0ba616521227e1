// KMail's local mail: Maildir folders whose subfolders lie beside them in `.<folder>.directory/`.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

extern const StoreFormat maildir;

namespace {

constexpr std::string_view kSubfolders = ".directory";

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const std::string_view name = split_last(rest).tail;
    if (name.starts_with('.') && name.ends_with(kSubfolders)) {
        return PlaceInStore{ObjectKind::directory, rest};
    }
    auto place = maildir.locate(rest, directory);
    if (place && place->folder == "inbox") {
        place->folder = {};
    }
    return place;
}

void name_folder(std::string_view folder, std::string& out) {
    const std::size_t start = out.size();
    while (!folder.empty()) {
        auto [name, below] = split_first(folder);
        if (name.starts_with('.') && name.ends_with(kSubfolders)) {
            name = name.substr(1, name.size() - 1 - kSubfolders.size());
        }
        out += out.size() == start ? "" : "/";
        out += name;
        folder = below;
    }
}

}  // namespace

extern const StoreFormat kmail{
    .name = "kmail",
    .summary = "KMail local mail: Maildir with .folder.directory subfolders",
    .locate = locate,
    .name_folder = name_folder};

}  // namespace mailvigil::mail::store
